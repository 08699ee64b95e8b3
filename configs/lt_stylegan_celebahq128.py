"""LT-GAN: StyleGAN on CelebA-HQ 128 with the task of latent transformations.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row StyleGAN on CelebA-HQ 128.
Expected: FID 11.15 (against 3k test images, best of 3 runs); PPL 133.11 in Z and 72.71 in W. Not run yet.
Settings: the task begins once 128 x 128 has fully faded in; noise is the same in a pair; with mixing both latents are moved,
    each by its own eps. E is D's map at 16 x 16, sigma_eps and lambda are choices, see configs/parts/transform.py.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/lt_stylegan_celebahq128.py --workdir=runs/lt_stylegan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import stylegan_celebahq128
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = stylegan_celebahq128.get_config()
    config.generator.other_latents = "given"  # so that eps moves both latents of a mixed image
    config.latents.dim = 1024
    latent_transform(config, tap="level2", warm_up=config.steps - config.stretches[-1]["rounds"])
    task = config.regularizers.latent_transform
    config.regularizers.latent_transform = ConfigDict({"type": "timing.from_height", "n": 128, "regularizer": task})
    return config

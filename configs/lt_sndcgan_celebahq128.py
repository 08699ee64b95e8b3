"""LT-GAN: SNDCGAN on CelebA-HQ 128 with the task of latent transformations.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CelebA-HQ 128.
Expected: FID 19.63 (FID against 3k test images, best of 3 runs). Not run yet.
Settings: E is D's 7th layer, averaged in windows of 4 x 4 and flattened: 4 x 4 x 512.
Choices: sigma_eps, lambda, the warm-up, how E is pooled, A's width, D's share: see configs/parts/transform.py.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/lt_sndcgan_celebahq128.py --workdir=runs/lt_sndcgan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_celebahq128
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sndcgan_celebahq128.get_config()
    latent_transform(config, tap="conv6", warm_up=2000, pool_window=4)
    return config

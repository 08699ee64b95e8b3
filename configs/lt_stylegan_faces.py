"""LT-GAN on drawn grey faces: `stylegan_faces` with the task of latent transformations.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set.
Got: fd_faces 17.7 to 29.6 after its 3,750 rounds (three seeds), paths no shorter than its baseline's (docs/results.md).
Meant for: 1 device, a CPU will do.
Settings: the task begins once 32 x 32 has fully faded in; noise is the same in a pair; with mixing both latents are moved,
    each by its own eps. E is D's map at 8 x 8, sigma_eps and lambda are choices, see configs/parts/transform.py.
Command: python -m gan_jax.main --config=configs/lt_stylegan_faces.py --workdir=runs/lt_stylegan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import stylegan_faces
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = stylegan_faces.get_config()
    config.generator.other_latents = "given"  # so that eps moves both latents of a mixed image
    config.latents.dim *= 2
    latent_transform(config, tap="level1", warm_up=config.steps - config.stretches[-1]["rounds"], weight=0.1)
    task = config.regularizers.latent_transform
    config.regularizers.latent_transform = ConfigDict({"type": "timing.from_height", "n": 32, "regularizer": task})
    return config

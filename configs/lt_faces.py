"""LT-GAN on drawn grey faces: `sngan_faces` with the task of latent transformations.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set.
Meant for: 1 device, a CPU will do.
Settings: sigma_eps as chosen on digits in docs/results.md; the rest is choices, see configs/parts/transform.py.
Command: python -m gan_jax.main --config=configs/lt_faces.py --workdir=runs/lt_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    latent_transform(config, tap="block2", warm_up=500, sigma_eps=0.5, weight=0.1)
    return config

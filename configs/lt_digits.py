"""LT-GAN on digits at 16 x 16: the task of latent transformations.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device, a CPU will do.
Settings: sigma_eps and lambda as chosen in docs/results.md; the rest is
    choices: E and its pooling, the warm-up, A's width, D's share (configs/parts/transform.py).
Command: python -m gan_jax.main --config=configs/lt_digits.py --workdir=runs/lt_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_digits
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sngan_digits.get_config()
    latent_transform(config, tap="block2", warm_up=500, sigma_eps=1.0, weight=0.1)
    return config

"""The plain GAN, whose generator maximises log D.

Paper: Goodfellow et al., arXiv:1406.2661.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_gan.py --workdir=runs/toy_gan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("non_saturating")
    return config

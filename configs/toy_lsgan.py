"""Least squares in place of cross-entropy.

Paper: Mao et al., arXiv:1611.04076.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_lsgan.py --workdir=runs/toy_lsgan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("least_squares")
    return config

"""The hinge loss, without a constraint on D.

Paper: Lim and Ye, arXiv:1705.02894.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_hinge.py --workdir=runs/toy_hinge
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("hinge")
    return config

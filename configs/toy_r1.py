"""The plain GAN with R1, the squared slope of D at real points.

Paper: Mescheder et al., arXiv:1801.04406.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_r1.py --workdir=runs/toy_r1
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("non_saturating")
    toy.penalty(config, r1=0.05)
    return config

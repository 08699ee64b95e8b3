"""The relativistic loss with R1 and R2, as R3GAN has it.

Paper: Huang et al., arXiv:2501.05441.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_r3gan.py --workdir=runs/toy_r3gan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("relativistic")
    toy.penalty(config, r1=0.05, r2=0.05)
    return config

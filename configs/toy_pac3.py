"""PacGAN: the plain GAN whose discriminator judges packs of 3 points.

Paper: Lin et al., arXiv:1712.04086.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_pac3.py --workdir=runs/toy_pac3
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.packed(3)
    return config

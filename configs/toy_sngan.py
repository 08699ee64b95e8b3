"""The hinge loss and spectral normalisation.

Paper: Miyato et al., arXiv:1802.05957.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_sngan.py --workdir=runs/toy_sngan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("hinge")
    config.discriminator.scheme = "spectral"
    return config

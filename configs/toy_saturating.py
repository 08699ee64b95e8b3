"""The plain GAN as a game of one value: its generator minimises log(1 - D).

Paper: Goodfellow et al., arXiv:1406.2661, Eq. (1).
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_saturating.py --workdir=runs/toy_saturating
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("saturating")
    return config

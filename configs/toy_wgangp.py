"""WGAN-GP: 5 critic updates a round with the gradient penalty, whose weight is the 0.1 of its authors' toys.

Paper: Gulrajani et al., arXiv:1704.00028.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_wgangp.py --workdir=runs/toy_wgangp
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy, wasserstein


def get_config() -> ConfigDict:
    config = toy.game("wasserstein")
    wasserstein.penalised(config, weight=0.1)
    return config

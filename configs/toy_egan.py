"""E-GAN: one survivor, three children a round, by minimax, heuristic and least-squares mutation.

Paper: Wang et al., arXiv:1803.00657, whose toys have gamma 2 as this code counts it, and other networks.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_egan.py --workdir=runs/toy_egan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("non_saturating")
    config.method = ConfigDict({"type": "evolutionary.Evolutionary", "num_classes": 0})
    config.method.survivors = 1
    config.method.gamma = 2.0
    config.method.evaluated = 128  # as many fakes an update of D as in the other games
    return config

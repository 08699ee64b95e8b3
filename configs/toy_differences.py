"""R3GAN, its penalties by finite differences: no second derivative.

Paper: arXiv:2511.22475, for the penalties.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_differences.py --workdir=runs/toy_differences
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("relativistic")
    config.regularizers.slopes = ConfigDict({"type": "finite_difference.finite_difference", "gamma": 0.05, "one_in": 1})
    return config

"""R3GAN whose generator's gradient is divided by a moving average of its norm, under momentum in place of Adam.

Paper: arXiv:2511.22475, for the normaliser.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_normalized.py --workdir=runs/toy_normalized
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("relativistic")
    toy.penalty(config, r1=0.05, r2=0.05)
    config.regularizers.normalizer = ConfigDict({"type": "normalizer.gradient_normalizer"})
    rate = config.optim.generator.learning_rate
    config.optim.generator = ConfigDict({"type": "sgd", "momentum": 0.9, "learning_rate": rate})
    config.optim.generator.learning_rate.init_value = 0.1
    return config

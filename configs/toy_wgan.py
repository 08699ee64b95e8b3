"""WGAN: weights clipped to +- 0.1, RMSProp, 5 critic updates a round, 100 in the first 25 and in every 500th.

Paper: Arjovsky et al., arXiv:1701.07875. Its 0.01 and its rate of 5e-5 are for images and 200,000 rounds: here 0.1 and 1e-3.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_wgan.py --workdir=runs/toy_wgan
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy, wasserstein


def get_config() -> ConfigDict:
    config = toy.game("wasserstein")
    wasserstein.clipped(config)
    config.method.clip_weights = 0.1
    for player in ("generator", "discriminator"):
        config.optim[player].learning_rate = 1e-3
    return config

"""WGAN-GP's residual networks on CIFAR-10, without classes.

Paper: Gulrajani et al., arXiv:1704.00028, table 3.
Settings: the authors' gan_cifar_resnet.py, CONDITIONAL False: 128 channels everywhere, BatchNorm in G, no norm in the critic,
    lambda 10, Adam 2e-4 (0, 0.9) falling linearly to 0 over 100k rounds, 5 critic updates a round on 64 images, G's on 128,
    pixels in 256 levels with noise of one level.
Expected: Inception score 7.86 +- 0.07 (unverified: from memory of the paper); FID 29.3 as torch-mimicry quotes it, which itself
    got 22.29 at 50k against 50k. Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/wgangp_resnet_cifar10.py --workdir=runs/wgangp_resnet_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import wasserstein


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 100_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)
    config.data.dequantize = True

    wasserstein.penalised(config)
    config.method.generator_batch_multiple = 2
    widths = (128, 128, 128, 128)
    config.generator = ConfigDict({"type": "sngan.Generator", "widths": widths})
    config.discriminator = ConfigDict(
        {"type": "sngan.Discriminator", "widths": widths, "halvings": 2, "pooling": "mean"}
    )
    config.discriminator.scheme = None
    config.latents.dim = 128
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "b1": 0.0, "b2": 0.9})
        rate = {"schedule": "linear", "init_value": 2e-4, "end_value": 0.0, "transition_steps": base.rounds(config)}
        config.optim[player].learning_rate = ConfigDict(rate)

    config.evaluate.recipes = ("is50k", "fid50k", "fid10k_test", "kid50k", "prdc10k")
    return config

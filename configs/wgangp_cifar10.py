"""WGAN-GP's DCGAN on CIFAR-10.

Paper: Gulrajani et al., arXiv:1704.00028, figure 3 (Inception score over training).
Settings: the authors' gan_cifar.py: DIM 128, 5 x 5 kernels, BatchNorm in G (of each unit of the first layer), none in the critic,
    lambda 10, Adam 1e-4 (0.5, 0.9), 5 critic updates a round, batch 64, z normal of 128, 200k rounds; uniform weights of
    variance 4 / (fan in + fan out). Here a round is the critic's updates and then G's; there G's come first.
Expected: Inception score about 6.5 (unverified: read off the figure). Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/wgangp_cifar10.py --workdir=runs/wgangp_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import wasserstein


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 200_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)

    wasserstein.penalised(config)
    begun = {"initialization": "glorot"}
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (512, 256, 128), "stem_norm": "units", **begun})
    config.discriminator = ConfigDict(
        {"type": "dcgan.Discriminator", "widths": (128, 256, 512), "norm": "none", **begun}
    )
    config.latents.dim = 128
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.5, "b2": 0.9})

    config.evaluate.recipes = ("is50k", "fid50k", "fid10k_test", "kid50k", "prdc10k")
    return config

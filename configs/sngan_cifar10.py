"""The baseline of ssgan_cifar10: the same without the rotation task.

Paper: the unconditional GAN of Chen et al., arXiv:1811.11212, table 1, CIFAR-10 (self-modulated BatchNorm).
Settings: compare_gan's resnet_cifar10; the blocks are SNGAN's (nearest upsampling, 1 x 1 shortcuts).
Expected: FID 19.73 without sBN (unverified), 10k samples against the 10k test images. Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/sngan_cifar10.py --workdir=runs/sngan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 40_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "sngan.Generator", "norm": "self_modulated"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator", "pooling": "mean", "scheme": "spectral"})
    config.latents.dim = 128
    config.latents.type = "uniform"
    config.d_steps = 5
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.evaluate.recipes = ("fid10k_test", "fid50k", "kid50k", "is50k", "prdc10k", "probe")
    return config

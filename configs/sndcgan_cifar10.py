"""SNDCGAN on CIFAR-10, unconditional: the baseline of LT-GAN's table.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CIFAR-10.
Expected: FID 25.39 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: hinge, spectral norm in D, 200k G steps, by the paper, whose baseline is compare_gan's: its widths, the first
    norm over all units, Adam and batch (which of its settings LT-GAN kept is unverified).
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/sndcgan_cifar10.py --workdir=runs/sndcgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 200_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)

    config.loss = ConfigDict({"type": "hinge"})
    config.generator = ConfigDict({"type": "sndcgan.Generator", "norm": "batch", "stem_norm": "units"})
    config.discriminator = ConfigDict({"type": "sndcgan.Discriminator", "widths": "compare_gan"})
    config.latents.dim = 128
    config.optim.generator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})
    config.optim.discriminator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.checkpoint.keep_every = 20_000
    config.evaluate.recipes = ("fid_test", "is50k", "prdc10k", "probe")
    return config

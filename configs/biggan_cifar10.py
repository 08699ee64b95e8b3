"""BigGAN on CIFAR-10, class-conditional: the baseline of LT-GAN's table.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row BigGAN on CIFAR-10.
Expected: FID 14.73 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: BigGAN-PyTorch's CIFAR script, which neither flips nor crops
    at random; which of the published BigGANs of CIFAR-10 LT-GAN built on is unverified.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/biggan_cifar10.py --workdir=runs/biggan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 125_000  # 500 epochs
    config.batch_size = 50
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)

    config.loss = ConfigDict({"type": "hinge"})
    net = {"ch": 64, "attention": 0, "initialization": "normal"}
    config.generator = ConfigDict({"type": "biggan.Generator", "hierarchical": False, "embedding_dim": 0, **net})
    config.discriminator = ConfigDict({"type": "biggan.Discriminator", **net})
    config.latents.dim = 128
    config.method.num_classes = 10
    config.d_steps = 4
    config.optim.generator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.0, "b2": 0.999})
    config.optim.discriminator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.0, "b2": 0.999})
    config.ema.decay = 0.9999
    config.ema.start = 1000
    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("fid_test", "is50k", "prdc10k", "intra_fid50k", "cas", "probe")
    return config

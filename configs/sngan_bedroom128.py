"""The baseline of ssgan_bedroom128: the same without the rotation task.

Paper: the unconditional GAN of Chen et al., arXiv:1811.11212, table 1, LSUN bedroom.
Settings: compare_gan's resnet5 (widths, pooling by the mean) and crop: 128 pixels from the centre, no resize. Spectral norm, one
    D update a round, Adam and 100k rounds are unverified: its own script of this net has WGAN-GP, 5 updates and 40k rounds.
Expected: FID 16.02 without sBN (unverified), 30k samples against as many of the held-out hundredth. Not run yet.
Meant for: 1 accelerator.
Data: lsun/bedroom, prepared by TFDS (`pip install ".[prepare]"`, `tfds build lsun/bedroom`: large).
Command: python -m gan_jax.main --config=configs/sngan_bedroom128.py --workdir=runs/sngan_bedroom128
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 100_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "lsun/bedroom", "split": "train[1%:]"})  # the first hundredth is for scores
    config.data.shape = (128, 128, 3)
    config.data.resize = "none"

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "sngan.Generator", "widths": (512, 512, 256, 256, 128, 64)})
    config.generator.norm = "self_modulated"
    config.discriminator = ConfigDict({"type": "sngan.Discriminator", "widths": (64, 128, 256, 256, 512, 512)})
    config.discriminator.update({"halvings": 6, "pooling": "mean", "scheme": "spectral"})
    config.latents = ConfigDict({"type": "uniform", "dim": 128})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.evaluate.recipes = ("fid_test", "kid50k", "prdc10k")
    config.evaluate.test = ConfigDict({"split": "train[:1%]"})
    return config

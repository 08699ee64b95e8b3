"""The baseline of ssgan_imagenet: the same without the rotation task.

Paper: the unconditional GAN of Chen et al., arXiv:1811.11212, at the scale of its large run.
Settings: compare_gan's biggan_imagenet128 (batch, rates, rounds, average), on SNGAN's residual net of 128 pixels.
Expected: none published for this mixture; at batch 64 the paper has FID 56.67 without sBN (unverified). Not run yet.
Meant for: 128 TPU cores (v3:8x8).
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/sngan_imagenet.py --workdir=DIR
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 250_000
    config.batch_size = 2048
    config.precision = "bfloat16"  # the paper's runs were float32
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "imagenet2012", "split": "train"})
    config.data.shape = (128, 128, 3)
    config.data.crop = "distorted"  # half to all of the area, no flip: compare_gan's

    config.loss = ConfigDict({"type": "hinge"})
    config.generator = ConfigDict({"type": "sngan.Generator", "norm": "self_modulated"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator", "scheme": "spectral"})
    config.latents.dim = 120
    config.d_steps = 2
    config.optim.generator = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.0, "b2": 0.999})
    config.optim.discriminator = ConfigDict({"type": "adam", "learning_rate": 5e-4, "b1": 0.0, "b2": 0.999})
    config.ema.decay = 0.9999
    config.ema.start = 40_000
    config.checkpoint.keep_every = 25_000

    config.evaluate.recipes = ("fid50k_test", "is50k", "prdc10k")
    config.evaluate.test = ConfigDict({"split": "validation"})
    return config

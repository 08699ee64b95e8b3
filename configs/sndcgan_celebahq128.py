"""SNDCGAN on CelebA-HQ 128: the baseline of LT-GAN's table.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CelebA-HQ 128.
Expected: FID 25.95 (FID against 3k test images, best of 3 runs). Not run yet.
Settings: hinge, spectral norm in D, 100k G steps, by the paper, whose baseline is compare_gan's: its widths, the first
    norm over all units, Adam and batch (which of its settings LT-GAN kept is unverified).
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/sndcgan_celebahq128.py --workdir=runs/sndcgan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 100_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "celeb_a_hq/128", "split": "train[3000:]"})  # the first 3,000 are for scores
    config.data.shape = (128, 128, 3)

    config.loss = ConfigDict({"type": "hinge"})
    config.generator = ConfigDict({"type": "sndcgan.Generator", "norm": "batch", "stem_norm": "units"})
    config.discriminator = ConfigDict({"type": "sndcgan.Discriminator", "widths": "compare_gan"})
    config.latents.dim = 128
    config.optim.generator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})
    config.optim.discriminator = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("fid_test", "kid50k", "swd16k", "ms_ssim10k")
    config.evaluate.test = ConfigDict({"split": "train[:3000]"})
    return config

"""The baseline of ssgan_celebahq128: the same without the rotation task.

Paper: the unconditional GAN of Chen et al., arXiv:1811.11212, table 1, CelebA-HQ 128.
Settings: compare_gan's sndcgan_celebahq128, with its wider discriminator and its first norm over all units.
Expected: FID 23.77 without sBN (unverified), 3k test images (unverified). Not run yet.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/sngan_celebahq128.py --workdir=runs/sngan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 100_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict(
        {"name": "celeb_a_hq/128", "split": "train[3000:]"}
    )  # TFDS has one split; the first 3,000 are for scores
    config.data.shape = (128, 128, 3)

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "sndcgan.Generator", "norm": "self_modulated", "stem_norm": "units"})
    config.discriminator = ConfigDict({"type": "sndcgan.Discriminator", "widths": "compare_gan"})
    config.latents.dim = 128
    config.latents.type = "uniform"
    config.d_steps = 1
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.evaluate.recipes = ("fid_test", "kid50k", "swd16k", "ms_ssim10k")
    config.evaluate.test = ConfigDict({"split": "train[:3000]"})
    return config

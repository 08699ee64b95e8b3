"""R3GAN on FFHQ at 256 x 256.

Paper: Huang et al., arXiv:2501.05441, its table of FFHQ-256, config E.
Expected: FID 2.75 (50,000 samples against all training images: fid50k here). Not run yet.
Settings: the authors' code (its preset and command, --mirror=1), which does not say when the published run ended: the end of its
    schedules, 20M images, is a guess. There each update of G has real images of its own; here they are those of D's last update.
Meant for: 8 accelerators, as published; on one, set method.accumulate to 16 or more.
Data: a folder or a zip with the 70,000 aligned images; they are made smaller as they are read.
Command: python -m gan_jax.main --config=configs/r3gan_ffhq256.py --config.data.path=FFHQ --workdir=runs/r3gan_ffhq256
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.r3gan import augmented, relativistic_with_penalties


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 78_125  # 20M images
    config.batch_size = 256
    config.precision = "bfloat16"  # in the four largest stages
    config.data.source = "folder"
    config.data.shape = (256, 256, 3)
    config.data.flip = True

    net = {"widths": (768, 768, 768, 768, 384, 192, 96), "float32_stages": 3}
    config.generator = ConfigDict({"type": "r3gan.Generator", **net})
    config.discriminator = augmented({"type": "r3gan.Discriminator", **net}, 20_000, "kimg", probability=(0.0, 0.3))
    config.latents.dim = 64
    relativistic_with_penalties(
        config, 20_000, "kimg", rate=(2e-4, 5e-5), gamma=(150.0, 15.0), half_life_kimg=(0.0, 500.0)
    )

    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("fid50k", "kid50k", "prdc10k")
    return config

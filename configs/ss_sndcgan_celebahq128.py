"""SS-GAN's rotation task with SNDCGAN on CelebA-HQ 128.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CelebA-HQ 128.
Expected: FID 26.85 (FID against 3k test images, best of 3 runs). Not run yet.
Settings: the task as SS-GAN sets it (arXiv:1811.11212); the rate at which alpha falls is unverified.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/ss_sndcgan_celebahq128.py --workdir=runs/ss_sndcgan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_celebahq128
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sndcgan_celebahq128.get_config()
    config.regularizers.rotation = rotation(config)
    return config

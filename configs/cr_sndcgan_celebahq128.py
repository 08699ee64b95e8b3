"""CR-GAN: SNDCGAN on CelebA-HQ 128 with consistency regularisation.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CelebA-HQ 128.
Expected: FID 16.97 (18.44 re-run by LT-GAN) (FID against 3k test images, best of 3 runs). Not run yet.
Settings: shifts of up to 4 pixels and flips, lambda 10.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/cr_sndcgan_celebahq128.py --workdir=runs/cr_sndcgan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_celebahq128
from gan_jax.configs.parts.consistency import consistency


def get_config() -> ConfigDict:
    config = sndcgan_celebahq128.get_config()
    consistency(config)
    return config

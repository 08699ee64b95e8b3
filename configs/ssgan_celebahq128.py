"""SS-GAN with self-modulated BatchNorm on CelebA-HQ at 128 x 128.

Paper: Chen et al., arXiv:1811.11212, table 1, CelebA-HQ 128, SS-GAN (sBN).
Expected: FID 24.36, best of the runs, 3k test images (unverified). Not run yet.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/ssgan_celebahq128.py --workdir=runs/ssgan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_celebahq128
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sngan_celebahq128.get_config()
    config.regularizers.rotation = rotation(config)
    return config

"""SS-GAN with self-modulated BatchNorm on ImageNet at 128 x 128, batch 2048.

Paper: Chen et al., arXiv:1811.11212: its large run, with SNGAN's residual net in place of BigGAN's.
Expected: with BigGAN's net FID 23.4 against 50k validation images; with this net at batch 64 FID 43.87. Not run yet.
Meant for: 128 TPU cores (v3:8x8).
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/ssgan_imagenet.py --workdir=DIR
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_imagenet
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sngan_imagenet.get_config()
    config.regularizers.rotation = rotation(config)
    return config

"""SS-GAN at the batch of its large run, 2048, with SNGAN's smaller residual net: ImageNet at 128 x 128.

Paper: Chen et al., arXiv:1811.11212. No row of its tables: its large run has BigGAN's net, which is `ssbiggan_imagenet`.
Expected: none published for this mixture; with this net at batch 64 the paper has FID 43.87. Not run yet.
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

"""LT-GAN: BigGAN on ImageNet 128 with the task of latent transformations.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row BigGAN on ImageNet 128.
Expected: FID 9.94 (FID against the 50k validation images). Not run yet.
Settings: E is called D's 7th layer, which this net does not number: the last block (unverified), averaged in
    windows of 2 x 2 and flattened: 2 x 2 x 1536.
Choices: sigma_eps, lambda, the warm-up, how E is pooled, A's width, D's share: see configs/parts/transform.py.
Meant for: 128 TPU cores (v3:8x8), or fewer with method.accumulate.
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/lt_biggan_imagenet.py --workdir=runs/lt_biggan_imagenet
"""

from ml_collections import ConfigDict

from gan_jax.configs import biggan_imagenet
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = biggan_imagenet.get_config()
    latent_transform(config, tap="block5", pool_window=2)
    return config

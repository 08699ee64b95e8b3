"""LT-GAN: SNGAN's ResNet on STL-10 with the task of latent transformations.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNGAN's ResNet on STL-10.
Expected: FID 31.35 (FID against the 8k test images, best of 3 runs). Not run yet.
Settings: Which layer is E is not given for this net (unverified): the last but one block.
Choices: sigma_eps, lambda, the warm-up, how E is pooled, A's width, D's share: see configs/parts/transform.py.
Meant for: 1 accelerator.
Data: STL-10, prepared by TFDS (`tfds build stl10`): the 100,000 unlabelled images.
Command: python -m gan_jax.main --config=configs/lt_sngan_stl10.py --workdir=runs/lt_sngan_stl10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_stl10
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sngan_stl10.get_config()
    latent_transform(config, tap="block3", warm_up=2000)
    return config

"""SS-GAN's rotation task with SNGAN's ResNet on STL-10.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNGAN's ResNet on STL-10.
Expected: FID 33.63 (FID against the 8k test images, best of 3 runs). Not run yet.
Settings: the task as SS-GAN sets it (arXiv:1811.11212); the rate at which alpha falls is unverified.
Meant for: 1 accelerator.
Data: STL-10, prepared by TFDS (`tfds build stl10`): the 100,000 unlabelled images.
Command: python -m gan_jax.main --config=configs/ss_sngan_stl10.py --workdir=runs/ss_sngan_stl10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_stl10
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sngan_stl10.get_config()
    config.regularizers.rotation = rotation(config)
    return config

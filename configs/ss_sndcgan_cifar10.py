"""SS-GAN's rotation task with SNDCGAN on CIFAR-10.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CIFAR-10.
Expected: FID 22.88 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: the task as SS-GAN sets it (arXiv:1811.11212); the rate at which alpha falls is unverified.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/ss_sndcgan_cifar10.py --workdir=runs/ss_sndcgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_cifar10
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sndcgan_cifar10.get_config()
    config.regularizers.rotation = rotation(config)
    return config

"""SS-GAN with self-modulated BatchNorm on CIFAR-10.

Paper: Chen et al., arXiv:1811.11212, table 1, CIFAR-10, SS-GAN (sBN).
Expected: FID 15.65, best of the runs, 10k samples against the 10k test images. Not run yet.
The paper turns a quarter of the batch, 16 of 64 images, by all four angles; its alpha (weight_g) falls slowly from 0.2
to zero at a rate that the copy at hand does not give (unverified): here linearly over the run.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/ssgan_cifar10.py --workdir=runs/ssgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_cifar10
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sngan_cifar10.get_config()
    config.regularizers.rotation = rotation(config)
    return config

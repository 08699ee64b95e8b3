"""CR-GAN: SNDCGAN on CIFAR-10 with consistency regularisation.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CIFAR-10.
Expected: FID 18.72 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: shifts of up to 4 pixels and flips, lambda 10.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/cr_sndcgan_cifar10.py --workdir=runs/cr_sndcgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_cifar10
from gan_jax.configs.parts.consistency import consistency


def get_config() -> ConfigDict:
    config = sndcgan_cifar10.get_config()
    consistency(config)
    return config

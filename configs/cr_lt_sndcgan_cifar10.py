"""CR and LT together: SNDCGAN on CIFAR-10.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNDCGAN on CIFAR-10.
Expected: FID 17.56 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: E is the 5th of D's 8 layers, averaged in windows of 2 x 2 and flattened: 4 x 4 x 256.
Choices: sigma_eps, lambda, the warm-up, how E is pooled, A's width, D's share: see configs/parts/transform.py.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/cr_lt_sndcgan_cifar10.py --workdir=runs/cr_lt_sndcgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sndcgan_cifar10
from gan_jax.configs.parts.consistency import consistency
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sndcgan_cifar10.get_config()
    consistency(config)
    latent_transform(config, tap="conv4", warm_up=2000, pool_window=2)
    return config

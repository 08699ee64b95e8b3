"""CR and LT together: BigGAN on CIFAR-10.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row BigGAN on CIFAR-10.
Expected: FID 9.80 (FID, as many samples as the 10k test images, best of 3 runs). Not run yet.
Settings: E is the last feature before the sum pooling.
Choices: sigma_eps, lambda, the warm-up, how E is pooled, A's width, D's share: see configs/parts/transform.py.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/cr_lt_biggan_cifar10.py --workdir=runs/cr_lt_biggan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import biggan_cifar10
from gan_jax.configs.parts.consistency import consistency
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = biggan_cifar10.get_config()
    consistency(config)
    latent_transform(config, tap="block3", warm_up=2000)
    return config

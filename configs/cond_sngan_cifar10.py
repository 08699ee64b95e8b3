"""The class-conditional baseline of ssgan_cifar10: conditional BatchNorm and a projection discriminator.

Paper: the conditional GAN of Chen et al., arXiv:1811.11212, table 1, CIFAR-10.
Settings: sngan_cifar10's, with labels: a scale and bias for each class in G, the projection in D.
Expected: FID 15.60 (unverified), 10k samples against the 10k test images. Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/cond_sngan_cifar10.py --workdir=runs/cond_sngan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_cifar10


def get_config() -> ConfigDict:
    config = sngan_cifar10.get_config()
    config.method.num_classes = 10
    config.generator.norm = "conditional_batch"
    config.evaluate.recipes = (*config.evaluate.recipes, "intra_fid50k")
    return config

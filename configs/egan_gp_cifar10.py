"""E-GAN on CIFAR-10 with a gradient penalty on the discriminator and eight survivors.

Paper: Wang et al., arXiv:1803.00657; its Theano code has the penalty with weight 2 and b1 0 for the discriminator.
Departures: those of egan_cifar10; no batch normalisation in the discriminator, under which a slope is no single image's own
(the code leaves it on).
Expected: Inception score 7.34, FID 27.3 (both unverified). Not run yet.
Meant for: 1 accelerator. On a slice: --mode=plan --config=egan_gp_cifar10 --topology=v3:2x2.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/egan_gp_cifar10.py --workdir=runs/egan_gp_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import egan_cifar10


def get_config() -> ConfigDict:
    config = egan_cifar10.get_config()
    config.method.survivors = 8
    config.discriminator.norm = "none"
    config.regularizers.penalty = ConfigDict({"type": "gradient_penalty.gradient_penalty", "weight": 2.0})
    config.optim.discriminator.b1 = 0.0
    return config

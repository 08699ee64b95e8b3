"""E-GAN on handwritten digits: two survivors, small networks without normalisation in the generator.

Paper: Wang et al., arXiv:1803.00657, at the size of digits; networks and optimisers as in egan_cifar10, narrower.
Expected: digits within minutes. Not measured here yet.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/egan_digits.py --workdir=runs/egan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import egan_cifar10


def get_config() -> ConfigDict:
    config = egan_cifar10.get_config()
    config.steps = 2000
    config.batch_size = 32
    config.d_steps = 2
    del config.data.tfds
    config.data.source = "digits"
    config.data.shape = (16, 16, 1)
    config.data.filter = "bicubic"
    config.data.flip = False

    config.method.survivors = 2
    config.method.evaluated = 32
    config.generator.widths = (64, 32)
    config.discriminator.widths = (32, 64)

    config.log.samples_every = 500
    config.checkpoint.every = 500
    config.evaluate.recipes = (
        "fd_digits",
        "fd_digits_test",
        "kd_digits",
        "prdc_digits",
        "memorisation_digits",
        "swd",
        "ms_ssim",
    )
    return config

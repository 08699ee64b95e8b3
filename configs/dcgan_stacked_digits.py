"""The baseline of pacgan_stacked_digits: the same without packing.

Paper: the row DCGAN of Lin et al., arXiv:1712.04086, VEEGAN's experiment on stacked MNIST, on other digits and small.
Expected: fewer modes than pacgan_stacked_digits; of MNIST the paper has 78.9 of 1,000, KL 4.50. Not measured here yet.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/dcgan_stacked_digits.py --workdir=runs/dcgan_stacked_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 3000
    config.batch_size = 64
    config.g_steps = 2  # as the paper's code for stacked MNIST
    config.data.source = "stacked_digits"
    config.data.shape = (16, 16, 3)
    config.data.filter = "bicubic"

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (64, 32, 16)})
    config.discriminator = ConfigDict({"type": "dcgan.Discriminator", "widths": (16, 32, 64)})
    config.latents = ConfigDict({"type": "uniform", "dim": 100})

    config.log.samples_every = 500
    config.checkpoint.every = 500
    config.evaluate.recipes = ("stacked_modes26k_digits", "stacked_modes2600_digits", "swd")
    config.evaluate.during = ("stacked_modes2600_digits",)
    return config

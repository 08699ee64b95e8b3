"""InfoGAN on the 8 x 8 digits, enlarged to 16 x 16: a code that finds the digits without a label, minutes on a CPU.

Paper: Chen et al., arXiv:1606.03657, whose networks for MNIST these are at a fraction of the width.
Expected: under the best matching the code agrees with the digit, as the shipped classifier tells it, in 60 % of samples or
    more: `code_matching_digits`.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/infogan_digits.py --workdir=runs/infogan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import infogan_mnist


def get_config() -> ConfigDict:
    config = infogan_mnist.get_config()
    config.steps = 4000
    config.batch_size = 64
    config.data.source = "digits"
    config.data.shape = (16, 16, 1)
    config.data.filter = "bicubic"
    config.latents.noise.dim = 30
    config.generator.widths, config.generator.hidden = (64, 32), 256
    config.discriminator.widths, config.discriminator.hidden = (32, 64), 256
    config.regularizers.information.weight_continuous = 0.1  # at 1, the second of them tells digits apart too
    config.ema.decay = 0.99  # a slower average of networks with BatchNorm at these rates is dull

    config.log.samples_every = 500
    config.checkpoint.every = 500

    names = ("fd_digits", "fd_digits_test", "kd_digits", "prdc_digits", "code_matching_digits")
    config.evaluate.recipes = (*names, "swd", "ms_ssim")
    return config

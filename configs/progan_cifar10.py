"""Progressive GAN on CIFAR-10 at 32 x 32.

Paper: Karras et al., arXiv:1710.10196, table 3.
Expected: the paper's IS of 8.80 is claimed by its Theano code alone; the public TensorFlow code, whose settings these are, does
    not reproduce it. Not run yet.
Settings: lengths and minibatch are choices (unverified).
Meant for: 1 accelerator.
Data: cifar10, prepared by TFDS.
Command: python -m gan_jax.main --config=configs/progan_cifar10.py --workdir=runs/progan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_cifar10
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = sngan_cifar10.get_config()
    config.d_steps = 1
    config.method.generator_batch_multiple = 1
    styles.networks(config, "progan")
    config.latents.dim = 512
    styles.wgan_gp(config)
    styles.adam(config)
    config.ema.decay = 0.999
    config.ema.before = True
    growing(config, 600, 600, 12_000, {4: 64})
    return config

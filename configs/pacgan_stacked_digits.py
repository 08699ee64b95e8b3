"""PacGAN with packs of 2 on digits stacked in the channels of an image.

Paper: Lin et al., arXiv:1712.04086, VEEGAN's experiment on stacked MNIST, on other digits and small.
A batch is 64 packs, so 128 images. Packs of m: --config.discriminator.m=m --config.batch_size=(64 m).
Expected: more modes than dcgan_stacked_digits; of MNIST the paper has 1,000 of 1,000, KL 0.06. Not measured here yet.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/pacgan_stacked_digits.py --workdir=runs/pacgan_stacked_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import dcgan_stacked_digits


def get_config() -> ConfigDict:
    config = dcgan_stacked_digits.get_config()
    config.discriminator = ConfigDict(
        {"type": "packed.Packed", "m": 2, "discriminator": config.discriminator.to_dict()}
    )
    config.batch_size = 128
    return config

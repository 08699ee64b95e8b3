"""SS-GAN on Noto Emoji at 32 x 32: 1,716 real, upright, colourful training images that come with the package.

Paper: Chen et al., arXiv:1811.11212, with a small residual net; no table of the paper has this data set.
Meant for: 1 device; minutes on a GPU, about an hour on 2 CPU cores.
Command: python -m gan_jax.main --config=configs/ssgan_emoji.py --workdir=runs/ssgan_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_emoji


def get_config() -> ConfigDict:
    config = sngan_emoji.get_config()
    config.regularizers.rotation = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2})
    config.regularizers.rotation.fraction = 0.25  # of the batch, by all four angles
    return config

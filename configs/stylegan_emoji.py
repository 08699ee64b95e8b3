"""StyleGAN on Noto Emoji, 8 x 8 to 32 x 32: 1,716 real, colourful training images that come with the package.

Paper: Karras et al., arXiv:1812.04948, with networks of 16 to 64 channels; no table of the paper has this data set.
Meant for: 1 device; minutes on a GPU, about half an hour on 2 CPU cores.
Command: python -m gan_jax.main --config=configs/stylegan_emoji.py --workdir=runs/stylegan_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_emoji, stylegan_faces
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = stylegan_faces.get_config()
    emoji = sngan_emoji.get_config()
    config.data = emoji.data
    config.evaluate.recipes = emoji.evaluate.recipes
    growing(config, fade_kimg=8, stable_kimg=8, total_kimg=160, batch_sizes={8: 16}, first=8)
    return config

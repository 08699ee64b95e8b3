"""StyleGAN2 on figures of known shape, colour, place, size and background at 32 x 32: a generator with codes w for tools.

Paper: Karras et al., arXiv:1912.04958, with networks of 16 to 64 channels; no table of the paper has this data set.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/stylegan2_figures.py --workdir=runs/stylegan2_figures
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_figures, stylegan2_faces


def get_config() -> ConfigDict:
    config = stylegan2_faces.get_config()
    figures = sngan_figures.get_config()
    config.steps = 4000
    config.data, config.evaluate = figures.data, figures.evaluate
    return config

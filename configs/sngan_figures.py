"""The baseline of ssgan_figures: the same without the rotation task.

Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/sngan_figures.py --workdir=runs/sngan_figures
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    config.steps = 2500
    config.data.source = "figures"
    del config.data.faces
    config.data.shape = (32, 32, 3)

    names = ("fd_figures", "fd_figures_test", "kd_figures", "prdc_figures", "memorisation_figures")
    config.evaluate.recipes = (*names, "swd", "ms_ssim")
    return config

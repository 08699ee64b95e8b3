"""R3GAN on drawn grey faces: its loss, penalties and networks at a width for two CPU cores.

Paper: Huang et al., arXiv:2501.05441.
Got: outlines of heads, fd_faces 42.2, after 1,047 of its rounds, ten minutes of one core (one seed, docs/results.md).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/r3gan_faces.py --workdir=runs/r3gan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.r3gan import relativistic_with_penalties


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 3000
    config.batch_size = 16
    config.data.source = "faces"
    config.data.faces = ConfigDict({"size": 32})
    config.data.shape = (32, 32, 1)

    net = {"widths": (96, 96, 64, 32), "blocks": 1}
    config.generator = ConfigDict({"type": "r3gan.Generator", **net})
    config.discriminator = ConfigDict({"type": "r3gan.Discriminator", **net})
    config.latents.dim = 64

    relativistic_with_penalties(
        config, base.rounds(config), "rounds", rate=(1e-3, 2e-4), gamma=(2.0, 0.2), half_life_kimg=(0.0, 2.0)
    )

    config.log.samples_every = 500
    config.checkpoint.every = 500
    names = ("fd_faces", "fd_faces_test", "kd_faces", "prdc_faces", "attributes_faces", "memorisation_faces")
    config.evaluate.recipes = (*names, "swd", "ms_ssim")
    return config

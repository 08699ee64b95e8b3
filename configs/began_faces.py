"""BEGAN on drawn faces at 32 x 32, 16 channels wide, for a CPU.

Paper: Berthelot et al., arXiv:1703.10717, whose networks these are at an eighth of the width.
Settings: gamma 0.5; the rates fall by half where M stalls over 2,500 rounds. A short run needs a faster k: lambda_k is ten
times the paper's.
Expected: M falls and lies flat, and with it the sliced Wasserstein distance. Not run to its end yet: in 200 rounds M fell
    from 0.26 to 0.19 (seed 0, 2026-11-27).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/began_faces.py --workdir=runs/began_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 8000
    config.batch_size = 16
    config.data.source = "faces"
    config.data.faces = ConfigDict({"size": 32})
    config.data.shape = (32, 32, 1)

    config.generator = ConfigDict({"type": "began.Generator", "width": 16})
    config.discriminator = ConfigDict({"type": "began.Autoencoder", "width": 16, "hidden": 64})
    config.loss = ConfigDict({"type": "boundary_equilibrium", "gamma": 0.5, "lambda_k": 0.01})
    config.latents = ConfigDict({"type": "uniform", "dim": 64})
    for player in ("generator", "discriminator"):
        rate = {"type": "adam", "learning_rate": 5e-4, "b1": 0.5, "b2": 0.999}
        stall = {"type": "on_stall", "optimizer": rate, "window": 500, "patience": 5, "lowest": 0.05}
        config.optim[player] = ConfigDict(stall)
    config.ema.decay = 0.999

    config.log.samples_every = 500
    config.checkpoint.every = 500

    names = ("fd_faces", "fd_faces_test", "kd_faces", "prdc_faces", "attributes_faces", "memorisation_faces")
    config.evaluate.recipes = (*names, "swd", "ms_ssim")
    return config

"""BEGAN on CelebA at 128 x 128: an autoencoder as discriminator, and an equilibrium kept by k.

Paper: Berthelot et al., arXiv:1703.10717, section 4, on 360,000 faces of its own; CelebA has 202,599.
Settings: n = 128, N_z = N_h = 64, z of U(-1, 1), lambda_k 0.001, gamma 0.5, batch 16 (carpedm20/BEGAN-tensorflow); Adam at
    1e-4, halved where M stalls; skips, and residuals that vanish over 16,000 steps (the paper; unverified). Adam's other
    numbers, the number of steps and what counts as a stall are not in the paper.
Expected: faces to look at; the paper's one score is CIFAR-10's Inception score, 5.62 (unverified). Not run yet.
Meant for: 1 accelerator.
Data: celeb_a, prepared by TFDS; the middle square of each picture.
Command: python -m gan_jax.main --config=configs/began_celeba128.py --workdir=runs/began_celeba128
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 500_000
    config.batch_size = 16
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "celeb_a"})
    config.data.shape = (128, 128, 3)

    carry = {"schedule": "linear", "init_value": 1.0, "end_value": 0.0, "transition_steps": 16_000}
    config.generator = ConfigDict({"type": "began.Generator", "width": 128, "carry": carry})
    config.discriminator = ConfigDict({"type": "began.Autoencoder", "width": 128, "hidden": 64, "carry": carry})
    config.loss = ConfigDict({"type": "boundary_equilibrium", "gamma": 0.5, "lambda_k": 0.001})
    config.latents = ConfigDict({"type": "uniform", "dim": 64})
    for player in ("generator", "discriminator"):
        rate = {"type": "adam", "learning_rate": 1e-4, "b1": 0.9, "b2": 0.999}
        stall = {"type": "on_stall", "optimizer": rate, "window": 5000, "patience": 4}
        config.optim[player] = ConfigDict(stall)

    config.checkpoint.keep_every = 50_000
    config.evaluate.recipes = ("fid50k", "kid50k", "swd16k", "ms_ssim10k")
    return config

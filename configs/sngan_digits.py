"""The baseline of ssgan_digits: the same without the rotation task.

Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/sngan_digits.py --workdir=runs/sngan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 6000
    config.batch_size = 16
    config.data.source = "digits"
    config.data.shape = (16, 16, 1)
    config.data.filter = "bicubic"

    config.generator = ConfigDict({"type": "sngan.Generator", "widths": (32, 32, 32), "norm": "self_modulated"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator", "widths": (32, 32, 32, 32), "halvings": 2})
    config.latents.dim = 32
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "b1": 0.0, "b2": 0.99})
        rate = {"schedule": "cosine_decay", "init_value": 2e-3, "decay_steps": base.rounds(config)}
        config.optim[player].learning_rate = ConfigDict(rate)
    config.ema.decay = 0.999

    config.log.samples_every = 500
    config.checkpoint.every = 500

    names = ("fd_digits", "fd_digits_test", "kd_digits", "prdc_digits", "memorisation_digits")
    config.evaluate.recipes = (*names, "swd", "ms_ssim", "memorisation", "probe")
    return config

"""The baseline of ssgan_emoji: the same without the rotation task.

Meant for: 1 device; minutes on a GPU, about an hour on 2 CPU cores.
Command: python -m gan_jax.main --config=configs/sngan_emoji.py --workdir=runs/sngan_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 8000
    config.batch_size = 16
    config.data.source = "emoji"
    config.data.shape = (32, 32, 3)
    config.data.flip = True

    config.generator = ConfigDict({"type": "sngan.Generator", "widths": (96, 96, 64, 32), "norm": "self_modulated"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator", "widths": (32, 64, 96, 96), "halvings": 3})
    config.latents.dim = 64
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "b1": 0.0, "b2": 0.99})
        rate = {"schedule": "cosine_decay", "init_value": 1e-3, "decay_steps": base.rounds(config)}
        config.optim[player].learning_rate = ConfigDict(rate)
    config.ema.decay = 0.999

    config.log.samples_every = 500
    config.checkpoint.every = 500

    names = ("fd_emoji", "fd_emoji_test", "kd_emoji", "prdc_emoji", "memorisation_emoji")
    config.evaluate.recipes = (*names, "swd", "ms_ssim", "memorisation", "probe")
    return config

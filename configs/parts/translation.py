"""What the configs of games from image to image share: pix2pix's and CycleGAN's blocks and schedules."""

from typing import Any

from ml_collections import ConfigDict

from gan_jax.configs import base

_OF_LATENTS = ("latents", "regularizers", "generator", "discriminator", "loss")


def begin(method: str, networks: dict[str, dict[str, Any]], loss: dict[str, Any]) -> ConfigDict:
    """A config of a method with these networks: pix2pix's Adam for each (rate 2e-4, b1 0.5), batches of 1, no average."""
    config = base.get_config()
    for block in _OF_LATENTS:
        del config[block]
    config.batch_size = 1
    config.method = ConfigDict({"type": method})
    config.loss = ConfigDict(loss)
    config.optim = ConfigDict()
    for name, settings in networks.items():
        config[name] = ConfigDict(settings)
        config.optim[name] = _adam(2e-4)
    config.log.num_samples = 16
    config.evaluate.recipes = ("pair_l1", "pair_sharpness", "swd")
    return config


def decayed(config: ConfigDict, constant: Any, falling: Any, rate: float = 2e-4) -> None:
    """All rates constant for some rounds, then linearly to 0 in some more, as the PyTorch port trains."""
    for name in list(config.optim.keys()):
        schedule = {"schedule": "linear", "init_value": rate, "end_value": 0.0}
        config.optim[name] = _adam({**schedule, "transition_begin": constant, "transition_steps": falling})


def _adam(rate: Any) -> ConfigDict:
    return ConfigDict({"type": "adam", "learning_rate": rate, "b1": 0.5, "b2": 0.999})


def jittered(config: ConfigDict) -> None:
    """Each image resized to 286 / 256 of its size, cropped at random, and mirrored half the time."""
    config.data.resize, config.data.filter = "exact", "bicubic"
    config.data.oversize, config.data.crop, config.data.flip = 286 / 256, "random", True

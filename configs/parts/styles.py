"""Settings of the StyleGAN papers (Karras et al., arXiv:1812.04948 and 1912.04958), for the configs that share them."""

from __future__ import annotations

from typing import Any

from ml_collections import ConfigDict

from gan_jax.configs.parts.growing import NETWORKS

# Of 8 devices, and of one: images an update, and rates, by the side from which on they hold.
BATCH_SIZES = {8: {4: 512, 8: 256, 16: 128, 32: 64, 64: 32}}
BATCH_SIZES[1] = {4: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4}
RATES = {8: {4: 1e-3, 128: 1.5e-3, 256: 2e-3, 512: 3e-3}, 1: {4: 1e-3}}


def adam(config: ConfigDict, rate: float = 1e-3) -> None:
    """Both players' Adam: b1 0, b2 0.99."""
    for player in NETWORKS:
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": rate, "b1": 0.0, "b2": 0.99})


def wgan_gp(config: ConfigDict) -> None:
    """Progressive GAN's loss: slopes in pixels of the finished size, and a drift."""
    config.loss = ConfigDict({"type": "wasserstein"})
    penalty = {"type": "gradient_penalty.gradient_penalty", "weight": 10.0, "full_height": config.data.shape[0]}
    config.regularizers.gradient_penalty = ConfigDict(penalty)
    config.regularizers.drift = ConfigDict({"type": "drift.drift", "weight": 1e-3})


def logistic_r1(config: ConfigDict, gamma: float, in_finished_pixels: bool = True, every: int = 1) -> None:
    """StyleGAN's loss: non-saturating, with R1; at every n-th update n times as much."""
    config.loss = ConfigDict({"type": "non_saturating"})
    r1 = ConfigDict({"type": "gradient_penalty.r1", "gamma": gamma})
    if in_finished_pixels:
        r1.full_height = config.data.shape[0]
    if every > 1:
        r1 = ConfigDict({"type": "timing.every", "n": every, "regularizer": r1})
    config.regularizers.r1 = r1


def path_length(config: ConfigDict, every: int = 4) -> None:
    """StyleGAN2's regulariser of path lengths, weight 2."""
    inner = ConfigDict({"type": "path_length.path_length", "weight": 2.0})
    config.regularizers.path_length = ConfigDict({"type": "timing.every", "n": every, "regularizer": inner})


def networks(config: ConfigDict, family: str, d: dict[str, Any] | None = None, **both_and_g: Any) -> None:
    """Both networks of a family; channel_base and channel_max are for both, the rest for the generator, d for D."""
    widths = {key: both_and_g.pop(key) for key in ("channel_base", "channel_max") if key in both_and_g}
    config.generator = ConfigDict({"type": f"{family}.Generator", **widths, **both_and_g})
    config.discriminator = ConfigDict({"type": f"{family}.Discriminator", **widths, **(d or {})})


# Table 1 of the first paper: what each row's generator is. A is Progressive GAN, F all of StyleGAN.
TABLE_1 = {
    "b": {"constant": False, "norm": "pixel", "noise": False, "mapping_layers": 0, "mixing": 0.0},
    "c": {"constant": False, "noise": False, "mixing": 0.0},
    "d": {"noise": False, "mixing": 0.0},
    "e": {"mixing": 0.0},
    "f": {},
}

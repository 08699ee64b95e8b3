"""Blocks of WGAN and WGAN-GP."""

from __future__ import annotations

from ml_collections import ConfigDict


def estimate(config: ConfigDict) -> None:
    """The Wasserstein loss, and its estimate drawn beside the scores."""
    config.loss = ConfigDict({"type": "wasserstein"})
    config.log.curves = ("d/wasserstein_estimate",)


def clipped(config: ConfigDict) -> None:
    """WGAN's game as its authors' main.py plays it: RMSProp, weights from -0.01 to 0.01, and 5 updates of the critic a round,
    but 100 in the first 25 rounds and in every 500th."""
    estimate(config)
    config.method.clip_weights = 0.01
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "rmsprop", "learning_rate": 5e-5})
    config.d_steps = 5
    often = {"d_steps": 100}
    config.stretches = (
        {"rounds": 25, **often},
        {"rounds": 475},
        {"repeat": ({"rounds": 1, **often}, {"rounds": 499})},
    )


def penalised(config: ConfigDict, weight: float = 10.0) -> None:
    """WGAN-GP's game: 5 updates of the critic a round, each with the gradient penalty."""
    estimate(config)
    config.regularizers.gradient_penalty = ConfigDict({"type": "gradient_penalty.gradient_penalty", "weight": weight})
    config.d_steps = 5

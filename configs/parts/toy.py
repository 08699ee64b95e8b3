"""What the games of the toy laboratory share: networks, latents, optimisers, length; so that they differ in one thing each."""

from __future__ import annotations

from ml_collections import ConfigDict

from gan_jax.configs import base


def game(loss: str) -> ConfigDict:
    """A game of points with this loss: the ring, unless the laboratory, or config.data.toys, says otherwise."""
    config = base.get_config()
    config.steps = 4000
    config.batch_size = 128
    config.rounds_a_dispatch = 100
    config.data.source = "toys"
    config.data.toys = ConfigDict({"name": "ring", "scale": 2.0, "std": 0.02})
    config.data.shape = (2,)

    config.loss = ConfigDict({"type": loss})
    config.generator = ConfigDict({"type": "mlp.Generator", "widths": (64, 64, 64)})
    config.discriminator = ConfigDict({"type": "mlp.Discriminator", "widths": (64, 64, 64)})
    config.latents.dim = 2
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "b1": 0.5, "b2": 0.9})
        rate = {"schedule": "linear", "init_value": 4e-3, "end_value": 0.0, "transition_steps": base.rounds(config)}
        config.optim[player].learning_rate = ConfigDict(rate)
    config.ema.decay = 0.995
    config.evaluate.recipes = ("modes",)
    config.evaluate.during = ("modes",)
    return config


def penalty(config: ConfigDict, **gammas: float) -> None:
    """Zero-centred gradient penalties: r1 on real points, r2 on made ones."""
    for name, gamma in gammas.items():
        config.regularizers[name] = ConfigDict({"type": f"gradient_penalty.{name}", "gamma": gamma})


def packed(m: int) -> ConfigDict:
    """The plain game, whose discriminator judges packs of m points."""
    config = game("non_saturating")
    inside = dict(config.discriminator)
    config.discriminator = ConfigDict({"type": "packed.Packed", "m": m, "discriminator": inside})
    config.batch_size = 132  # 2, 3 and 4 divide it
    return config

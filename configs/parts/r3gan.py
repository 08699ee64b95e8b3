"""R3GAN's loss, penalties and schedules (Huang et al., arXiv:2501.05441), for the configs that set them."""

from typing import Any

from ml_collections import ConfigDict

Ends = tuple[float, float]


def relativistic_with_penalties(
    config: ConfigDict, over: Any, counts: str, rate: Ends, gamma: Ends, half_life_kimg: Ends
) -> None:
    """Sets the relativistic loss over pairs, R1 + R2, Adam with b1 = 0, and the average; all move along one half cosine.

    over, counts: its length, in "rounds" or in "kimg". rate, gamma, half_life_kimg: where they begin and end; b2 goes from 0.9
    to 0.99 in all of the paper's runs.
    """
    cosine = lambda ends: moving(ends, over, counts)
    config.loss = ConfigDict({"type": "relativistic"})
    for name in ("r1", "r2"):
        config.regularizers[name] = ConfigDict({"type": f"gradient_penalty.{name}", "gamma": cosine(gamma)})
    for player in ("generator", "discriminator"):
        adam = {"type": "adam", "learning_rate": cosine(rate), "b1": 0.0, "b2": cosine((0.9, 0.99))}
        config.optim[player] = ConfigDict(adam)
    config.ema = ConfigDict({"half_life_kimg": cosine(half_life_kimg), "start": 0})


def augmented(discriminator: dict[str, Any], over: Any, counts: str, probability: Ends) -> ConfigDict:
    """The discriminator behind ADA's transforms, colours half as often as the others, with a probability that moves."""
    shares = {"ada_blit": 1.0, "ada_geometric": 1.0, "ada_color": 0.5, "cutout": 1.0}
    wrapper = {"type": "augmented.Augmented", "policy": shares, "probability": moving(probability, over, counts)}
    return ConfigDict({**wrapper, "discriminator": discriminator})


def moving(ends: Ends, over: Any, counts: str) -> dict[str, Any]:
    """From one number to another along half a cosine."""
    first, last = ends
    settings = {"init_value": first, "end_value": last, "transition_steps": over}
    return {"schedule": "cosine", **settings, "counts": counts}

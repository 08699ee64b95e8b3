"""The two-player game as others see it: what is drawn from it, what looks, and what it scores itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gan_jax import game
from gan_jax.game import Phase
from gan_jax.methods.growth import growth
from gan_jax.methods.observers import DiscriminatorObserver, GameMeasure
from gan_jax.methods.passes import variables_of
from gan_jax.methods.samplers import GeneratorSampler, sampler_of
from gan_jax.types import TrainState

if TYPE_CHECKING:
    from gan_jax.methods.adversarial import Adversarial


def samplers(method: Adversarial, state: TrainState, phase: Phase, average: bool = True) -> dict[str, GeneratorSampler]:
    """{judged: the generator}: its moving average where one is kept, unless average=False."""
    classes = getattr(method.generator, "num_classes", 0)
    settings = {"num_classes": classes, "target": method.judged, **_grown(method, state, phase)["generator"]}
    network = state.networks["generator"]
    return {method.judged: sampler_of(method.generator, network, average, method.latents, **settings)}


def observers(method: Adversarial, state: TrainState, phase: Phase) -> dict[str, DiscriminatorObserver]:
    """{"discriminator": its features}, as linear probes see them."""
    variables = variables_of(state.networks["discriminator"])
    classes = getattr(method.discriminator, "num_classes", 0)
    grown = _grown(method, state, phase)["discriminator"]
    return {"discriminator": DiscriminatorObserver(method.discriminator, variables, classes, grown)}


def measures(method: Adversarial, state: TrainState, phase: Phase) -> dict[str, GameMeasure]:
    """The regularisers' own, by name. Raises ValueError where two have one name."""
    sampler = samplers(method, state, phase, average=False)[method.judged]
    observer = observers(method, state, phase)["discriminator"]
    found: dict[str, GameMeasure] = {}
    for regularizer in method.regularizers.values():
        heads = regularizer.heads()
        variables = {name: variables_of(state.networks[name]) for name in heads}
        modules = tuple((name, head.module) for name, head in heads.items())
        for name, (measure, settings) in regularizer.measures().items():
            if name in found:
                raise ValueError(f"two regularisers have a measure named {name!r}")
            found[name] = GameMeasure(measure, sampler, observer, variables, modules, settings)
    return found


def _grown(method: Adversarial, state: TrainState, phase: Phase) -> dict[str, dict[str, Any]]:
    return growth(method.stretches, phase, game.fade(method.stretches, state.step, after=True))

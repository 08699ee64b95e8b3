"""What a population of generators lives in: one discriminator, which judges its members and learns from their images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from gan_jax.methods.passes import Passes
from gan_jax.methods.player_metrics import player_metrics
from gan_jax.methods.playing import addends
from gan_jax.methods.update import MOVED_BY_ALL, MOVED_BY_ITS_PLAYER, Outcome, update
from gan_jax.regularizers.base import Nothing
from gan_jax.types import AdversarialLoss, Array, Batch, Clock, Network, Play, PyTree, Regularizer, named_key

if TYPE_CHECKING:
    from gan_jax.methods.evolutionary import Evolutionary

_D = "discriminator"


def require_of_discriminator(loss: AdversarialLoss, regularizers: Mapping[str, Regularizer]) -> None:
    """Raises ValueError for a loss or a regulariser that says more than what a discriminator makes of single images."""
    if jax.tree.leaves(loss.init()):
        raise ValueError(
            "E-GAN's generators have losses of their own, so its loss is one without memory, such as non_saturating"
        )
    try:
        loss.discriminator(jnp.zeros(3), jnp.zeros(2), loss.init())
    except (ValueError, TypeError) as error:
        raise ValueError(f"E-GAN shows fewer real images than fakes, and its loss takes pairs: {error}") from error
    for name, regularizer in regularizers.items():
        inner = regularizer
        while hasattr(inner, "regularizer"):  # wrappers hand both players' addends on
            inner = inner.regularizer
        if inner.heads() or getattr(type(inner), "generator", None) is not Nothing.generator:
            raise ValueError(
                f"regulariser {name!r} is one of a generator too, whose losses are E-GAN's mutations: take one of the "
                "discriminator alone, such as gradient_penalty"
            )


def verdict(
    method: Evolutionary, judge: Network, real: Batch, fake: Batch, key: Array, clock: Clock
) -> tuple[Array, PyTree]:
    """(D's logits on the fakes, the gradient of its loss by its parameters), in training mode; nothing moves."""

    def loss(params: PyTree) -> tuple[Array, Array]:
        passes = _passes(method, {_D: params}, judge, named_key(key, "noise"), clock)
        logits = [passes.nets[_D](each["image"], each.get("label")).logits for each in (real, fake)]
        return method.loss.discriminator(*logits, ()).loss, logits[1]

    gradients, logits = jax.grad(loss, has_aux=True)(judge.params)
    return logits, gradients


def taught(
    method: Evolutionary,
    judge: Network,
    memory: Mapping[str, Any],
    batch: tuple[Batch, Batch],
    key: Array,
    clock: Clock,
    number: Array,
) -> tuple[Network, dict[str, Any], dict[str, Array]]:
    """(D, the addends' memory, metrics) after one update of D. batch: real ones, and fakes with the "z" they were made of.

    number: of the update, among all of D's.
    """

    def loss(params: Mapping[str, PyTree], batch: tuple[Batch, Batch], key: Array) -> tuple[Array, Outcome]:
        real, made = batch
        passes = _passes(method, params, judge, named_key(key, "noise"), clock)
        moving = passes.moving(_D, (*MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL))
        on_real = moving(real["image"], real.get("label"), noise=named_key(key, "noise_real"))
        on_fake = passes.nets[_D](made["image"], made.get("label"))
        fake, latents = ({name: leaf for name, leaf in made.items() if name != other} for other in ("z", "image"))
        adversarial = lambda real, fake: method.loss.discriminator(real, fake, ()).loss
        nets = {**passes.nets, "generator": _no_generator}
        play = Play(nets, real, latents, fake, on_real, on_fake, key, clock, number, adversarial)
        terms = addends(method, _D, play, memory, key)
        total = sum(term.loss for term in terms.values())
        kept = {name: term.memory for name, term in terms.items()}
        return total, Outcome(player_metrics(_D, total, terms, play, method.loss), passes.moved, kept)

    networks, outcome = update({_D: judge}, [_D], loss, batch, key, method.optimizers, clock)
    return (
        networks[_D],
        dict(outcome.memory),
        {f"d/{name}": value.astype(jnp.float32) for name, value in outcome.metrics.items()},
    )


def _passes(method: Evolutionary, params: Mapping[str, PyTree], judge: Network, noise: Array, clock: Clock) -> Passes:
    return Passes({_D: method.discriminator}, params, {_D: judge}, {}, noise, {}, clock)


def _no_generator(*args: Any, **options: Any) -> Any:
    raise ValueError(
        "a regulariser asks for the generator, and E-GAN's discriminator is shown images of several of them"
    )

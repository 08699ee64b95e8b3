"""The losses of CycleGAN's players: Eq. (1) to (3), arXiv:1703.10593."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import jax.numpy as jnp

from gan_jax.methods.passes import Passes
from gan_jax.methods.player_metrics import certainty
from gan_jax.methods.update import MOVED_BY_ALL, MOVED_BY_ITS_PLAYER, Outcome
from gan_jax.types import Array, Network, PyTree, named_key

if TYPE_CHECKING:
    from gan_jax.methods.cyclegan import CycleGAN

_OWN = (*MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL)
_BACK = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}


def of_translators(
    method: CycleGAN,
    movers: Sequence[str],
    params: Mapping[str, PyTree],
    networks: Mapping[str, Network],
    memory: Mapping[str, PyTree],
    images: Mapping[str, Array],
    key: Array,
) -> tuple[Array, Outcome]:
    """The loss of the translators `movers`: what deceives their judges, both cycles, and identity.

    Of one translator alone it has the addends that depend on it. The outcome's memory: (the losses' own, by translator;
    what each of the movers made, before this update).
    """
    passes = _passes(method, params, networks, key)
    noise = lambda name: named_key(key, name)
    total, metrics, kept, made = jnp.zeros(()), {}, {}, {}
    for there, back in _BACK.items():
        source, target = there[0], there[-1]
        translate = passes.moving(there, _OWN) if there in movers else passes.nets[there]
        made[there] = translate(images[source], noise=noise(f"noise_{there}"))
        again = passes.nets[back](made[there], noise=noise(f"noise_back_{source}"))
        metrics[f"cycle_{source}"] = jnp.mean(jnp.abs(again - images[source]))  # Eq. (2)
        total += method.weight_cycle * metrics[f"cycle_{source}"]
        if there not in movers:
            continue
        judge = passes.nets[f"discriminator_{target}"]
        real = judge(images[target], noise=noise(f"noise_real_{target}")).logits
        fake = judge(made[there], noise=noise(f"noise_fake_{target}")).logits
        term = method.loss.generator(real, fake, memory[there])
        kept[there], metrics[f"adversarial_{there}"] = term.memory, term.loss
        total += term.loss
        if method.weight_identity:
            same = passes.nets[there](images[target], noise=noise(f"noise_same_{target}"))
            metrics[f"identity_{target}"] = jnp.mean(jnp.abs(same - images[target]))  # section 5.2
            total += method.weight_cycle * method.weight_identity * metrics[f"identity_{target}"]
    metrics |= {"adversarial": sum(metrics[f"adversarial_{name}"] for name in movers), "total": total}
    return total, Outcome(metrics, passes.moved, (kept, {name: made[name] for name in movers}))


def of_discriminators(
    method: CycleGAN,
    movers: Sequence[str],
    params: Mapping[str, PyTree],
    networks: Mapping[str, Network],
    memory: Mapping[str, PyTree],
    batch: tuple[Mapping[str, Array], Mapping[str, Array]],
    key: Array,
) -> tuple[Array, Outcome]:
    """The loss of those who judge the translators `movers`. batch: (real images by domain, fakes by translator)."""
    images, fakes = batch
    passes = _passes(method, params, networks, key)
    total, metrics, kept, terms = jnp.zeros(()), {}, {}, []
    for there in movers:
        target = there[-1]
        name = f"discriminator_{target}"
        noise = lambda whose, target=target: named_key(key, f"noise_{whose}_{target}")
        real = passes.moving(name, _OWN)(images[target], noise=noise("real")).logits
        fake = passes.nets[name](fakes[there], noise=noise("fake")).logits
        term = method.loss.discriminator(real, fake, memory[there])
        sure = {f"{what}_{target}": value for what, value in certainty(real, fake, method.loss).items()}
        kept[there], metrics[f"adversarial_{target}"] = term.memory, term.loss
        metrics |= sure
        terms.append(term.loss)
        total += method.weight_d * term.loss
    metrics |= {"adversarial": sum(terms), "total": total}
    return total, Outcome(metrics, passes.moved, kept)


def _passes(method: CycleGAN, params: Mapping[str, PyTree], networks: Mapping[str, Network], key: Array) -> Passes:
    modules = {name: getattr(method, name) for name in method.networks}
    return Passes(modules, params, networks, {}, named_key(key, "noise"), {})

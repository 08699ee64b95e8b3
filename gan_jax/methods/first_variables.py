"""The networks of the two-player game before the first round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from flax import linen

from gan_jax.methods.growth import growth
from gan_jax.methods.passes import known_label
from gan_jax.methods.update import COLLECTIONS
from gan_jax.types import Array, Head, named_key

if TYPE_CHECKING:
    from gan_jax.methods.adversarial import Adversarial
    from gan_jax.methods.evolutionary import Evolutionary


def first_variables(
    method: Adversarial | Evolutionary, heads: Mapping[str, Head], key: Array
) -> dict[str, dict[str, Any]]:
    """{network or head: its variables}, with all that the last phase of the run needs. Each is seeded by its name."""
    last = method.stretches[-1].phase
    n = min(4, last.batch_size)
    label = jnp.zeros(n, jnp.int32) if method.num_classes else None
    grown = growth(method.stretches, last, jnp.ones(()))

    def variables(name: str, module: linen.Module, *args: Any, **kwargs: Any) -> dict[str, Any]:
        rngs = {"params": named_key(key, name), "noise": named_key(key, "noise")}
        return dict(module.init(rngs, *args, mutable=COLLECTIONS, **kwargs))

    of_g = (jnp.zeros((n, method.latents.dim)), known_label(method.generator, label))
    of_d = (jnp.zeros((n, *last.shape)), known_label(method.discriminator, label))
    options = {name: {"train": False, **grown[name]} for name in grown}
    made = {
        "generator": variables("generator", method.generator, *of_g, **options["generator"]),
        "discriminator": variables("discriminator", method.discriminator, *of_d, **options["discriminator"]),
    }
    seen = method.discriminator.apply(made["discriminator"], *of_d, **options["discriminator"])
    for name, head in heads.items():
        made[name] = variables(name, head.module, *head.example(seen.features))
    return made

"""What an update of a player tells besides its gradient."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax

from gan_jax.types import Array, Play, PyTree, Term, Verdict


def player_metrics(player: str, loss: Array, terms: Mapping[str, Term], play: Play) -> dict[str, Array]:
    """The game's own loss, the total, and what each term reports; of the discriminator, how sure it is.

    terms: by name, the game's as "loss". Raises ValueError where two terms report under one name.
    """
    metrics = {"adversarial": terms["loss"].loss, "total": loss}
    for term in terms.values():
        if clash := metrics.keys() & term.metrics.keys():
            raise ValueError(f"two terms of the {player}'s loss report {', '.join(sorted(clash))}")
        metrics |= term.metrics
    return metrics | (certainty(play.on_real, play.on_fake) if player == "discriminator" else {})


def update_metrics(stats: PyTree, gradients: PyTree, params: PyTree) -> dict[str, Array]:
    """The norms of an update, and the single numbers among the statistics it moved, such as augmented.Augmented's p."""
    single = {path[-1].key: leaf for path, leaf in jax.tree.leaves_with_path(stats) if leaf.ndim == 0}
    return single | {"gradient_norm": optax.tree.norm(gradients), "parameter_norm": optax.tree.norm(params)}


def certainty(on_real: Verdict, on_fake: Verdict) -> dict[str, Array]:
    """How sure D is: near 1 on both for long means that G no longer follows; 0.5 that D tells nothing apart."""
    return {
        "real_accuracy": jnp.mean((on_real.logits > 0).astype(jnp.float32)),
        "fake_accuracy": jnp.mean((on_fake.logits < 0).astype(jnp.float32)),
        "real_logit": jnp.mean(on_real.logits),
        "fake_logit": jnp.mean(on_fake.logits),
    }

"""What an update of a player tells besides its gradient."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp

from gan_jax.types import AdversarialLoss, Array, Play, Term


def player_metrics(
    player: str, total: Array, terms: Mapping[str, Term], play: Play, loss: AdversarialLoss
) -> dict[str, Array]:
    """The game's own loss, the total, and what each term reports; of the discriminator, how sure it is.

    terms: by name, the game's as "loss". Raises ValueError where two terms report under one name.
    """
    metrics = {"adversarial": terms["loss"].loss, "total": total}
    for term in terms.values():
        if clash := metrics.keys() & term.metrics.keys():
            raise ValueError(f"two terms of the {player}'s loss report {', '.join(sorted(clash))}")
        metrics |= term.metrics
    return metrics | (certainty(play.on_real.logits, play.on_fake.logits, loss) if player == "discriminator" else {})


def certainty(real: Array, fake: Array, loss: AdversarialLoss) -> dict[str, Array]:
    """By its logits, how sure D is: near 1 on both for long means that G no longer follows; 0.5 that D tells nothing apart.

    What counts as right is the loss's to say.
    """
    share = lambda right: jnp.mean(right.astype(jnp.float32))
    right_real, right_fake = loss.right(real, fake)
    return {
        "real_accuracy": share(right_real),
        "fake_accuracy": share(right_fake),
        "real_logit": jnp.mean(real),
        "fake_logit": jnp.mean(fake),
    }

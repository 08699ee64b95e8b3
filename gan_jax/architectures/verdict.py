"""The last layer that discriminators share: a linear score, and the projection of the class."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.weights import Initializer
from gan_jax.types import Verdict


def projected_verdict(
    features: Mapping[str, jax.Array],
    label: jax.Array | None,
    num_classes: int,
    scheme: str | None,
    init: Initializer,
) -> Verdict:
    """D(x, y) = w . phi + b + <V_y, phi> on phi = features["pooled"] [B, F]; call it inside a compact module.

    Eq. (3) of Miyato and Koyama, arXiv:1802.05637. Without classes the last addend is left out.
    """
    pooled = features["pooled"]
    logits = Dense(1, scheme=scheme, kernel_init=init, name="head")(pooled)[:, 0]
    if num_classes:
        if label is None:
            raise ValueError("a projection discriminator needs labels")
        embed = Embed(num_classes, pooled.shape[-1], scheme=scheme, embedding_init=init, name="projection")
        logits = logits + jnp.sum(embed(label) * pooled, axis=-1)
    return Verdict(logits, features)

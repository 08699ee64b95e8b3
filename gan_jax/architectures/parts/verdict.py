"""The last layers that discriminators share: pooling, a linear score, and the projection of the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from gan_jax.nn.conv.resample import sum_pool
from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.weights import Initializer
from gan_jax.types import Verdict


def projected_verdict(
    features: Mapping[str, jax.Array],
    label: jax.Array | None,
    num_classes: int,
    scheme: str | None,
    init: Initializer,
    use_bias: bool = True,
) -> Verdict:
    """D(x, y) = w . phi + b + <V_y, phi> on phi = features["pooled"] [B, F]; call it inside a compact module.

    Eq. (3) of Miyato and Koyama, arXiv:1802.05637. Without classes the last addend is left out.
    """
    pooled = features["pooled"]
    logits = Dense(1, use_bias, scheme, kernel_init=init, name="head")(pooled)[:, 0]
    if num_classes:
        if label is None:
            raise ValueError("a projection discriminator needs labels")
        embed = Embed(num_classes, pooled.shape[-1], scheme=scheme, embedding_init=init, name="projection")
        logits = logits + jnp.sum(embed(label) * pooled, axis=-1)
    return Verdict(logits, features)


def pooled_verdict(
    x: jax.Array,
    features: Mapping[str, jax.Array],
    label: jax.Array | None,
    num_classes: int,
    scheme: str | None,
    init: Initializer,
    pool: Callable[[jax.Array], jax.Array] = sum_pool,
) -> Verdict:
    """`projected_verdict` of the last map x [B, h, w, F] after ReLU and pooling, which become features["pooled"]."""
    pooled = pool(jax.nn.relu(x.astype(jnp.float32)))  # [B, F]
    return projected_verdict({**features, "pooled": pooled}, label, num_classes, scheme, init)

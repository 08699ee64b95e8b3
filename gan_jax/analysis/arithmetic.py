"""Sums of latents or codes: a - b + c, and what the generator makes of them (section 6.3.2, arXiv:1511.06434)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.walks import once_more, places
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch


class Sum(NamedTuple):
    """a - b + c, each the mean of the elements of these indices: one, or several that show the same."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    c: tuple[int, ...]


ACROSS = len(Sum._fields) + 1  # images of a sum: its terms, and what comes of it


def parse_sum(text: str) -> Sum:
    """The sum that a text such as "0-1+2" or "0/4/7-1/2+3" says; a slash parts the elements of a mean. Raises ValueError."""
    try:
        a, rest = text.split("-")
        terms = [tuple(int(index) for index in part.split("/")) for part in (a, *rest.split("+"))]
        if max(max(term) for term in terms) >= 2**32:
            raise ValueError
        return Sum(*terms)
    except (ValueError, TypeError):
        raise ValueError(
            f"a sum is of elements by number, such as 0-1+2, or of means of some, such as 0/4/7-1+2; got {text!r}"
        ) from None


def sums_grid(sampler: Sampler, key: Array, sums: Sequence[Sum], space: str | None = None) -> np.ndarray:
    """Elements [sums * 4, *shape], four a sum: those of a, b and c, and that of a - b + c.

    Elements are those of `key`'s sample. space: "z" or "w", None: w where there is one. Label and noise are those of
    the first element of a throughout. Sums of uniform latents may lie outside of their range; they are taken as they are.
    Raises ValueError for a space that the sampler does not have, and for samplers that start from images.
    """
    every = sorted({index for each in sums for term in each for index in term})
    space, codes = places(sampler, key, jnp.asarray(every, jnp.uint32), space)

    def made(sampler: Sampler, codes: Batch) -> Array:
        if space == "z":
            codes = sampler.map({name: leaf for name, leaf in codes.items() if name != "w"})
        return sampler.synthesize(codes)[0]

    made, drawn = compiled(made), []
    for each in sums:
        rows = [jnp.asarray([every.index(i) for i in term]) for term in each]
        a, b, c = (jnp.mean(codes[space][row], 0) for row in rows)
        rest = {name: jnp.repeat(leaf[rows[0][:1]], ACROSS, 0) for name, leaf in once_more(codes).items()}
        drawn.append(np.asarray(made(sampler, {**rest, space: jnp.stack([a, b, c, a - b + c])})))
    return np.concatenate(drawn)

"""GANSpace: principal components of codes w, or of an activation, as directions (Harkonen et al., arXiv:2004.02546)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from gan_jax.analysis.attributes.samples import space_of
from gan_jax.analysis.directions.sefa import signed
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array

_AT_ONCE = 64
_NUMBERS = 2**26  # of a batch of activations in memory


class Principal(NamedTuple):
    """Directions [k, D] of length 1 in a space, "z" or "w", the largest variance first.

    deviations: [k], how far samples of the space lie along each, one standard deviation. shares: [k], of the variance of
    what was decomposed.
    """

    space: str
    vectors: np.ndarray
    deviations: np.ndarray
    shares: np.ndarray


def principal_directions(
    sampler: Sampler,
    key: Array,
    num: int,
    components: int,
    tap: str | None = None,
    space: str | None = None,
    progress: bool = True,
) -> Principal:
    """The principal components of elements 0 .. num - 1 of key's sample.

    tap: None: of codes w, which are the directions themselves. Else of that activation; its standardised coordinates of
    elements num .. 2 num - 1 are then regressed to the space by least squares, whose rows are the directions.
    space: of the directions; None: "w" where there is one, else "z".
    Raises ValueError for z without a tap, whose components say nothing, a tap that there is not, and fewer samples than
    components.
    """
    space = space_of(sampler, space)
    if space == "w+":
        raise ValueError("GANSpace's directions are in z or w: choose layers when they are taken")
    if tap is None and space == "z":
        raise ValueError("the components of z are those of chance: name an activation with --tap, such as --tap=block0")
    if not 1 <= components < num:
        raise ValueError(f"components are from 1 to below the number of samples, {num}; got {components}")
    batches = lambda first, what: _batches(sampler, key, first, num, space, tap, what, progress)
    model = fitted((acts for _, acts in batches(0, "sampling")), components)
    comps, spread = model.components_, np.sqrt(model.explained_variance_)
    if tap is None:
        return Principal(space, signed(comps), spread, model.explained_variance_ratio_)
    points, coordinates = [], []
    for point, acts in batches(num, "regressing"):
        points.append(point)
        coordinates.append((acts - model.mean_) @ comps.T / spread)
    points = np.concatenate(points)
    vectors = signed(regressed(np.concatenate(coordinates), points))
    deviations = np.std(points @ vectors.T, 0) if space == "w" else np.ones(len(vectors))
    return Principal(space, vectors, deviations, model.explained_variance_ratio_)


def fitted(batches: Iterator[np.ndarray], components: int) -> Any:
    """scikit-learn's incremental PCA of batches [n, F], joined to as many rows as it needs.

    Raises ValueError for more components than an element has numbers.
    """
    from sklearn.decomposition import IncrementalPCA  # slow to import

    model, waiting = IncrementalPCA(components), []
    for batch in batches:
        if components > batch.shape[1]:
            raise ValueError(f"{batch.shape[1]} numbers have as many components, not {components}")
        rows = max(3 * components, min(2000, _NUMBERS // batch.shape[1]))
        waiting.append(batch)
        if (held := sum(map(len, waiting))) >= 2 * rows:  # what stays behind is never too few for a fit of its own
            joined = np.concatenate(waiting)
            model.partial_fit(joined[: held - rows])
            waiting = [joined[held - rows :]]
    return model.partial_fit(np.concatenate(waiting))


def regressed(coordinates: np.ndarray, points: np.ndarray) -> np.ndarray:
    """M [k, D] of the least |coordinates M - points|^2, [n, k] and [n, D], each row of length 1."""
    from scipy.linalg import lstsq

    rows = np.asarray(lstsq(coordinates, points)[0])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _batches(
    sampler: Sampler, key: Array, start: int, num: int, space: str, tap: str | None, what: str, progress: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Points [n, D] of the space, and what is decomposed [n, F], of elements start .. start + num - 1."""
    for first in tqdm(range(start, start + num, _AT_ONCE), desc=what, unit="batch", disable=not progress):
        left = start + num - first
        indices = np.arange(first, first + _AT_ONCE, dtype=np.uint32)
        points, acts = _seen(sampler, key, indices, space, tap)
        yield np.asarray(points, np.float64)[:left], np.asarray(acts, np.float64)[:left]


def _see(sampler: Any, key: Array, indices: Array, space: str, tap: str | None) -> tuple[Array, Array]:
    starts = sampler.starts(key, indices)
    codes = sampler.map(starts)
    points = starts["z"] if space == "z" else codes["w"][:, 0]
    if tap is None:
        return points, points
    acts = sampler.synthesize(codes, (tap,))[1][tap]
    return points, acts.reshape(len(acts), -1).astype(jnp.float32)


_seen: Callable[..., tuple[jax.Array, jax.Array]] = compiled(_see, static_argnums=(3, 4))

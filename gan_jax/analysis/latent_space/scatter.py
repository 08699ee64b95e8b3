"""A map of samples and data in the plane, by t-SNE (van der Maaten & Hinton, 2008)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_jax.metrics.estimate import check_features
from gan_jax.metrics.neighbors import nearest
from gan_jax.runtime.writers.images import canvas, save_figure

_COMPONENTS = 50  # that t-SNE is given


class Scatter(NamedTuple):
    """places: [n + m, 2], samples first. divergence: of Kullback and Leibler, at the end.

    mixing: of the 10 nearest features of samples, the share that are data, over what it would be if both were one set: 1
    where samples cannot be told from data, 0 where they lie apart. agreement: the share of the 10 nearest that are of the
    same class; NaN where classes are not known.
    """

    places: np.ndarray
    divergence: float
    mixing: float
    agreement: float


def scatter(
    samples: Any, data: Any, classes: np.ndarray | None = None, perplexity: float = 30.0, seed: int = 0, k: int = 10
) -> Scatter:
    """Features [n, F] of samples and [m, F] of data, on one map. classes: int [n + m], -1 where not known.

    Features are brought to 50 principal components first. Raises ValueError for a perplexity that is not from above 0 to
    below the number of images, and fewer than k + 1 images.
    """
    samples, data = check_features(samples, "samples"), check_features(data, "data")
    both = np.concatenate([samples, data]).astype(np.float64)
    if len(both) <= k:
        raise ValueError(f"a map needs more than {k} images, and there are {len(both)}")
    if not 0 < perplexity < len(both):
        raise ValueError(f"a perplexity is from above 0 to below the {len(both)} images, got {perplexity}")
    from sklearn.decomposition import PCA  # slow to import
    from sklearn.manifold import TSNE

    near = nearest(both, both, k + 1)[1]
    others = np.stack([row[row != i][:k] for i, row in enumerate(near)])  # without itself
    n, m = len(samples), len(data)
    mixing = float(np.mean(others[:n] >= n) / (m / (n + m - 1)))
    agreement = float("nan")
    if classes is not None:
        known = np.asarray(classes) >= 0
        pairs = known[:, None] & known[others]
        if pairs.any():
            agreement = float(np.mean((np.asarray(classes)[:, None] == np.asarray(classes)[others])[pairs]))
    small = both
    if min(both.shape) > _COMPONENTS:
        small = PCA(_COMPONENTS, random_state=seed).fit_transform(both)
    model = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    places = np.asarray(model.fit_transform(small.astype(np.float32)))
    return Scatter(places, float(model.kl_divergence_), mixing, agreement)


def draw_scatter(
    path: str | os.PathLike, found: Scatter, n: int, classes: np.ndarray | None = None, names: Sequence[str] = ()
) -> None:
    """The map's picture: samples as crosses, data as dots; in the colours of their classes where these are known."""
    figure, (axes,) = canvas(1, 8, 7)
    for first, last, marker, what in ((n, len(found.places), "o", "data"), (0, n, "x", "samples")):
        x, y = found.places[first:last].T
        if classes is None:
            axes.scatter(x, y, s=12, marker=marker, alpha=0.7, label=what, linewidths=1 if marker == "x" else 0)
            continue
        own = np.asarray(classes[first:last])
        for each in np.unique(own):
            at = own == each
            name = "not known" if each < 0 else names[each] if each < len(names) else str(each)
            colour = "0.6" if each < 0 else f"C{each % 10}"
            style = {"s": 14, "marker": marker, "alpha": 0.7, "color": colour, "linewidths": 1 if marker == "x" else 0}
            axes.scatter(x[at], y[at], label=f"{what}: {name}", **style)
    axes.set(xticks=[], yticks=[])
    axes.legend(fontsize="x-small", ncols=2)
    save_figure(path, figure)

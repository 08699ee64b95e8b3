"""Samples' nearest images in the data: does a generator repeat what it was trained on?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gan_jax.metrics.neighbors import kth_neighbor_radii, nearest


class Neighbours(NamedTuple):
    """Of n samples and m images of data: Euclidean distances between features.

    distances, indices: [n, k], of each sample's nearest in the data, nearest first. own: [m], of each image of the data to
    its nearest other one. fresh: [h], of images that were not trained on to their nearest in the data; empty: none given.
    """

    distances: np.ndarray
    indices: np.ndarray
    own: np.ndarray
    fresh: np.ndarray

    @property
    def ratio(self) -> float:
        """The median distance of samples over that of fresh images, or of the data's own where there are none."""
        beside = self.fresh if len(self.fresh) else self.own
        return float(np.median(self.distances[:, 0]) / max(float(np.median(beside)), 1e-12))

    @property
    def ranks(self) -> np.ndarray:
        """For each sample the share of the data that has its nearest other one nearer than the sample has its [n]."""
        return np.searchsorted(np.sort(self.own), self.distances[:, 0]) / len(self.own)

    @property
    def copies(self) -> float:
        """The share of samples that are nearer to the data than any fresh image is, or any of the data to another."""
        return float(np.mean(self.distances[:, 0] < np.min(self.fresh if len(self.fresh) else self.own)))


def neighbours(samples: Any, data: Any, fresh: Any = None, k: int = 5) -> Neighbours:
    """Features [n, F] of samples, [m, F] of the data, [h, F] of images like these that were not trained on, if there are.

    Raises ValueError for fewer than k images of data, or fewer than 2.
    """
    distances, indices = nearest(samples, data, k)
    apart = np.zeros(0) if fresh is None else nearest(fresh, data, 1)[0][:, 0]
    return Neighbours(distances, indices, kth_neighbor_radii(data, 1), apart)


def beside(samples: np.ndarray, data: np.ndarray, found: Neighbours, rows: int) -> tuple[np.ndarray, int]:
    """Tiles [rows * (1 + k), H, W, C] and how many stand in a row: the samples nearest to the data, each with its neighbours."""
    chosen = np.argsort(found.distances[:, 0], kind="stable")[:rows]
    tiles = [image for row in chosen for image in (samples[row], *data[found.indices[row]])]
    return np.stack(tiles), 1 + found.indices.shape[1]

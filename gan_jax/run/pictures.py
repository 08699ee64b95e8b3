"""Pictures of a run: real images once, and the same latents at every interval."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from gan_jax.nn.compiling import compiled
from gan_jax.runtime.images import image_grid, save_png, scatter_png
from gan_jax.runtime.processes import fetch
from gan_jax.types import Method, Phase, TrainState, named_key

_COLLAPSED = 0.1  # of the real images' spread


class Drawn(NamedTuple):
    """What `Pictures.draw` saw."""

    grid: np.ndarray | None  # uint8 [h, w, C]; None for points
    metrics: Mapping[str, float]
    collapsed: bool


def spread(images: np.ndarray) -> float:
    """The mean Euclidean distance between two of N images (or points) [N, ...], an element: 0 where all are alike."""
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    squares = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * flat @ flat.T, 0))
    pairs = len(flat) * (len(flat) - 1)
    return float(np.sum(distances) / max(pairs, 1) / np.sqrt(flat.shape[1]))


class Pictures:
    """Draws a run's generator from latents that the run's seed fixes.

    The samples' spread, relative to the real images', is logged: it falls towards 0 where the generator collapses.
    real: some rounds' batch, [d_steps, B, ...].
    """

    def __init__(
        self, method: Method, phase: Phase, mesh: jax.sharding.Mesh, config: Mapping[str, Any], real: np.ndarray
    ):
        self._points = not phase.resolution
        self._mesh = mesh
        self._n = config["log"]["num_samples"] * (8 if self._points else 1)
        self._real = real.reshape(-1, *real.shape[2:])[: self._n]
        self._key = named_key(jax.random.key(config["seed"]), "fixed latents")
        self._latents: jax.Array | None = None  # the same at every drawing
        classes = config["method"].get("num_classes", 0)
        self._label = jnp.arange(self._n) % classes if classes else None
        self._sampler = functools.partial(method.sampler, phase=phase)
        self._draw = compiled(
            lambda sampler, latents, label: sampler.synthesize(sampler.map(latents, label), label)[0],
            out_shardings=NamedSharding(mesh, PartitionSpec()),
        )

    def draw_real(self, path: Path) -> None:
        """Draws the real images into a PNG."""
        if jax.process_index() == 0:
            if self._points:
                scatter_png(path, self._real, self._real)
            else:
                save_png(path, image_grid(self._real))

    def draw(self, state: TrainState, path: Path) -> Drawn:
        """Draws the fixed latents into a PNG. All processes must call it; the first writes."""
        sampler = self._sampler(state)
        if self._latents is None:
            self._latents = sampler.latents(self._key, self._n)
        with jax.set_mesh(self._mesh):
            images = fetch(self._draw(sampler, self._latents, self._label))
        grid = None if self._points else image_grid(images)
        if jax.process_index() == 0:
            if grid is None:
                scatter_png(path, images, self._real)
            else:
                save_png(path, grid)
        share = spread(images) / max(spread(self._real), 1e-12)
        return Drawn(grid, {"samples/spread": share}, share < _COLLAPSED)

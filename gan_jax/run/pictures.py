"""Pictures of a run: real elements once, and the same samples at every interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from gan_jax.data.images.cells import cell_means, cell_size
from gan_jax.game import Method, Phase, Stretch
from gan_jax.nn.compiling import compiled
from gan_jax.run.divergence import require_finite
from gan_jax.runtime.processes.processes import fetch, is_first
from gan_jax.runtime.writers.dispensable import Dispensable
from gan_jax.runtime.writers.images import image_grid, save_png, scatter_png, side_by_side
from gan_jax.runtime.writers.voxels import as_images
from gan_jax.setup.setup import Setup
from gan_jax.types import Array, Batch, TrainState

_COLLAPSED = 0.1  # of the real elements' mean distance
_ALIKE = 1e-5  # of the size of an element: real ones that differ by less are taken to be one


class Drawn(NamedTuple):
    """What `Pictures.draw` saw."""

    grids: Mapping[str, np.ndarray]  # by sampler, uint8 [h, w, C]; {} for points
    metrics: Mapping[str, float]
    collapsed: bool
    alike: bool  # whether real elements do not differ, so that nothing tells how much samples should


def mean_distance(elements: np.ndarray) -> float:
    """The mean Euclidean distance between two of N images (or points) [N, ...], an element: 0 where all are alike."""
    flat = np.asarray(elements, np.float64).reshape(len(elements), -1)
    flat -= flat.mean(0)  # in place of rounding, copies are at distance 0
    squares = np.sum(flat**2, axis=1)
    sums = squares[:, None] + squares[None]
    found = sums - 2 * flat @ flat.T
    distances = np.sqrt(np.where(found > 1e-11 * sums, found, 0))
    pairs = len(flat) * (len(flat) - 1)
    return float(np.sum(distances) / max(pairs, 1) / np.sqrt(flat.shape[1]))


@compiled
def _drawn(sampler: Any, key: Array, indices: Array, given: Batch | None, classes: Array | None) -> Array:
    starts = dict(sampler.starts(key, indices, given))
    if classes is not None:  # class after class, where they would be drawn
        starts["label"] = classes
    whole = NamedSharding(jax.sharding.get_abstract_mesh(), PartitionSpec())
    return jax.lax.with_sharding_constraint(sampler.synthesize(sampler.map(starts))[0], whole)


class Pictures:
    """Draws a run's samplers: the samples that `--mode=sample` draws with the run's seed, class after class where it has any.

    The samples' mean distance from each other, relative to the real elements', is logged: it falls towards 0 where the
    generator collapses. Real elements that are all alike, as of data that hold one image, are nothing to compare with: then
    it is not logged, and `Drawn.alike` says so. A picture that cannot be written is told of once, and the run goes on.
    n: samples a picture. real: elements of the data at full size, leaves [N, ...] with N at least n. paired: whether
    leaves of one index belong together. check: called on the first process before it writes; what it raises ends the run.
    """

    def __init__(
        self,
        method: Method,
        mesh: jax.sharding.Mesh,
        seed: int,
        n: int,
        real: Batch,
        paired: bool = True,
        check: Callable[[], None] = lambda: None,
    ):
        self._method, self._mesh, self._n, self._paired = method, mesh, n, paired
        self._real = {name: np.asarray(leaf[:n]) for name, leaf in real.items() if name != "label"}
        self._key = jax.random.key(seed)
        self._files = Dispensable("a picture", "its numbers are in metrics.jsonl")
        self._check = check

    def draw_real(self, folder: Path) -> None:
        """Draws the real elements, a PNG for each of their leaves: real.png, or real_a.png and so on."""
        if not is_first():
            return
        for name, leaf in self._real.items():
            path = folder / ("real.png" if len(self._real) == 1 else f"real_{name}.png")
            if _is_points(leaf):
                self._write(scatter_png, path, leaf, leaf)
            else:
                self._write(save_png, path, image_grid(as_images(leaf)))

    def draw(self, state: TrainState, phase: Phase, folder: Path, step: int) -> Drawn:
        """Draws the samples, a PNG for each sampler. All processes must call it; the first writes.

        Raises ValueError where a sample is not finite.
        """
        real = {name: _at_size(leaf, phase.shape) for name, leaf in self._real.items()}
        grids, metrics, collapsed, alike = {}, {}, False, False
        for i, (name, sampler) in enumerate(self._method.samplers(state, phase).items()):
            given = {key: real[key] for key in sampler.given} or None
            classes = jnp.arange(self._n) % sampler.num_classes if sampler.num_classes else None
            with jax.set_mesh(self._mesh):
                made = fetch(_drawn(sampler, self._key, jnp.arange(self._n, dtype=jnp.uint32), given, classes))
            require_finite(made, f"the picture of round {step}")
            path = folder / (f"{step:09d}.png" if i == 0 else f"{step:09d}_{name}.png")
            like = real.get(sampler.target)
            if _is_points(made):
                self._write(scatter_png, path, made, like)
            else:
                shown = beside(given or {}, made, like if given and self._paired else None)
                # A column for each class, where there are fewer than samples.
                columns = sampler.num_classes if 1 < sampler.num_classes < self._n else None
                grids[name] = image_grid(shown, columns)
                self._write(save_png, path, grids[name])
            if like is not None:
                if (of_real := mean_distance(like)) <= _ALIKE * max(float(np.abs(like).max()), 1e-12):
                    alike = True
                    continue
                share = mean_distance(made) / of_real
                metrics["samples/distance" if i == 0 else f"samples/{name}/distance"] = share
                collapsed |= share < _COLLAPSED
        return Drawn(grids, metrics, collapsed, alike)

    def _write(self, write: Callable[..., None], path: Path, *content: Any) -> None:
        if is_first():
            self._check()
            with self._files:
                path.parent.mkdir(exist_ok=True)  # and not the work folder anew, where that is gone
                write(path, *content, parents=False)


def shown_elements(setup: Setup, source: Any) -> tuple[int, dict[str, np.ndarray], bool]:
    """How many elements a picture shows, real ones at full size, and whether leaves of one index belong together."""
    last = setup.stretches[-1].phase
    n = setup.log.num_samples * (8 if len(last.shape) == 1 else 1)
    rounds = -(-n // last.images_a_round)
    whole = setup.batches(source, stretches=(Stretch(last, 0, rounds),))
    parts = [whole.at(t) for t in range(rounds)]
    flat = lambda leaf: leaf.reshape(-1, *leaf.shape[2:])
    real = {name: np.concatenate([flat(part[name]) for part in parts])[:n] for name in parts[0]}
    return n, real, not isinstance(source, Mapping)


def beside(given: Batch, made: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """What elements start from, what was made of it, and what they should be like: images, [N, H, W, C], from left to right."""
    parts = [*given.values(), made, *([] if like is None else [like])]
    return side_by_side([as_images(np.asarray(each)) for each in parts])


def _at_size(leaf: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Elements [N, ...] at full size as a smaller phase shows them: means over cells."""
    full = leaf.shape[1:]
    if len(full) != len(shape):  # pictures beside voxels
        return leaf
    k = cell_size(full, (*shape[:-1], full[-1]))
    return leaf if k == 1 else np.stack([cell_means(each, k) for each in leaf])


def _is_points(leaf: np.ndarray) -> bool:
    return leaf.ndim == 2

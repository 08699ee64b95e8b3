"""Images and samples through networks, a batch at a time, over all devices of all processes.

Drawing, rounding to 8 bits and extraction are one program; its batch is laid over the mesh, and every process gets the
whole result. Sample i depends on the weights, the seed and i alone (but for batch normalisation by the batch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tqdm import tqdm

from gan_jax.evaluators.image_set import ImageSet
from gan_jax.game import Sampler, check_seed, sampled
from gan_jax.metrics.frechet import Moments
from gan_jax.nn.compiling import compiled
from gan_jax.runtime.mesh import replicate
from gan_jax.types import Array, Batch, PyTree, over_data

Features = dict[str, np.ndarray]  # {tap: [n, F]}
_ROWS = 2048  # of features at a time into their moments: fewer would be slow


class Samples(NamedTuple):
    """What `draw_samples` gives."""

    images: np.ndarray | None  # uint8 [n, H, W, C]
    labels: np.ndarray | None  # int32 [n]
    features: Mapping[str, Features]  # by extractor


def require_fitting(
    net: Callable[[Array], Mapping[str, Array]],
    fake: Sampler | ImageSet,
    given: Callable[[np.ndarray], Batch] | None = None,
) -> None:
    """Raises what net raises for images of the shape that a sampler draws, or that a set holds. Nothing is drawn.

    given: indices [B] -> what a sampler of images starts from.
    """
    if hasattr(fake, "images"):
        shape = tuple(fake.shape)
    else:
        one = None if given is None else given(np.arange(1, dtype=np.uint32))
        drawn = lambda sampler: sampled(sampler, jax.random.key(0), jnp.arange(1), one)[0]
        shape = jax.eval_shape(drawn, fake).shape[1:]
    jax.eval_shape(net, jax.ShapeDtypeStruct((1, *shape), jnp.uint8))


def draw_samples(
    sampler: Sampler,
    n: int,
    mesh: Mesh,
    *,
    seed: int = 0,
    given: Callable[[np.ndarray], Batch] | None = None,
    batch_size: int = 64,
    extractors: Mapping[str, Callable[[Array], Mapping[str, Array]]] | None = None,
    counts: Mapping[str, int] | None = None,
    keep_images: int = 0,
    quiet: bool = False,
) -> Samples:
    """Samples 0 .. n - 1 of a seed through each extractor.

    given: indices [B] -> what a sampler of images starts from, {key: float32 [B, ...]}.
    extractors: by name, pytrees that map uint8 [B, H, W, C] to {tap: [B, F]}. counts: how many of the samples each of
    them sees; unset, all. keep_images: how many images are kept, uint8. Raises ValueError for a seed beyond LARGEST_SEED.
    """
    check_seed(seed)
    nets: dict[str, Any] = dict(extractors or {})
    counts = dict.fromkeys(nets, n) | dict(counts or {})
    batch_size = rounded_up_to_devices(batch_size, mesh)
    sampler, nets = replicate((sampler, nets), mesh)
    key = replicate(jax.random.key_data(jax.random.key(seed)), mesh)
    images, labels = [], []
    features: dict[str, list] = {name: [] for name in nets}

    def run(first: int) -> Any:
        wanted = {name: net for name, net in nets.items() if first < counts[name]}
        indices = np.arange(first, first + batch_size, dtype=np.uint32)
        start = None if given is None else replicate(given(indices), mesh)
        return _draw_batch(sampler, wanted, key, indices, start, first < keep_images)

    for first, (image, label, seen, finite) in _each(run, range(0, n, batch_size), n, mesh, "sampling", quiet):
        if not finite:  # as 8 bits NaN would pass for an image
            raise ValueError(f"samples {first} to {first + batch_size - 1} hold NaN: the generator has diverged")
        if image is not None:
            images.append(image[: keep_images - first])
        if label is not None:
            labels.append(label[: n - first])
        for name, taps in seen.items():
            features[name].append({tap: value[: counts[name] - first] for tap, value in taps.items()})
    return Samples(
        np.concatenate(images) if images else None,
        np.concatenate(labels) if labels else None,
        {name: _joined(parts) for name, parts in features.items()},
    )


def extract(
    net: Callable[[Array], Mapping[str, Array]],
    images: ImageSet,
    indices: np.ndarray,
    mesh: Mesh,
    batch_size: int = 64,
    what: str = "extracting",
    quiet: bool = False,
) -> Features:
    """{tap: [n, F]} of the images at these indices. net: a pytree that maps uint8 [B, H, W, C] to {tap: [B, F]}."""
    return _joined(list(extract_batches(net, images, indices, mesh, batch_size, what, quiet)))


def extract_batches(
    net: Callable[[Array], Mapping[str, Array]],
    images: ImageSet,
    indices: np.ndarray,
    mesh: Mesh,
    batch_size: int = 64,
    what: str = "extracting",
    quiet: bool = False,
) -> Iterator[Features]:
    """As `extract`, a batch at a time: for sets whose features would not fit in memory."""
    batch_size = rounded_up_to_devices(batch_size, mesh)
    net, n = replicate(net, mesh), len(indices)
    split = NamedSharding(mesh, PartitionSpec(mesh.axis_names))

    def run(first: int) -> Any:
        rows = np.resize(indices[first : first + batch_size], batch_size)  # the last batch repeats itself to be full
        load = lambda index: images.images(rows[index[0]])  # a process loads what its own devices see
        return _extract(net, jax.make_array_from_callback((batch_size, *images.shape), split, load))

    for first, seen in _each(run, range(0, n, batch_size), n, mesh, what, quiet):
        yield {tap: value[: n - first] for tap, value in seen.items()}


def extract_moments(
    net: Callable[[Array], Mapping[str, Array]],
    tap: str,
    images: ImageSet,
    mesh: Mesh,
    batch_size: int = 64,
    what: str = "extracting",
    quiet: bool = False,
) -> dict[str, np.ndarray]:
    """The moments of a tap over all images of a set, as arrays by the names of their fields. Features are not kept."""
    total, waiting = None, []
    every = np.arange(len(images))
    for part in extract_batches(net, images, every, mesh, batch_size, what, quiet):
        waiting.append(part[tap])
        if sum(map(len, waiting)) >= _ROWS:
            total, waiting = _updated(total, waiting), []
    total = _updated(total, waiting)
    return {"n": np.array(total.n), "mean": total.mean, "scatter": total.scatter}


def _updated(total: Moments | None, waiting: list[np.ndarray]) -> Moments:
    if not waiting:
        return total
    features = np.concatenate(waiting)
    return (total or Moments.empty(features.shape[1])).update(features)


def draw_batch(sampler, extractors, key, indices, given, keep_images):
    images, starts = sampled(sampler, jax.random.wrap_key_data(key), indices, given)
    finite = jnp.all(jnp.isfinite(images))
    images = over_data(jnp.round(jnp.clip(images, -1, 1) * 127.5 + 127.5).astype(jnp.uint8))
    seen = {name: _flat(net(images)) for name, net in extractors.items()}
    return _whole((images if keep_images else None, starts.get("label"), seen, finite))


STATIC = ("keep_images",)  # the argument of `draw_batch` that is no array
_draw_batch = compiled(draw_batch, static_argnames=STATIC)


@compiled
def _extract(net, images):
    return _whole(_flat(net(images)))


def _flat(taps: Mapping[str, Array]) -> dict[str, Array]:
    return {tap: value.reshape(value.shape[0], -1).astype(jnp.float32) for tap, value in taps.items()}


def _whole(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jax.lax.with_sharding_constraint(x, PartitionSpec()), tree)


def _each(
    run: Callable[[int], Any], firsts: Sequence[int], n: int, mesh: Mesh, what: str, quiet: bool
) -> Iterator[tuple[int, Any]]:
    """(first, result as numpy) for each batch; the next is on its way while one is read."""
    silent = quiet or jax.process_index() != 0 or len(firsts) < 2
    with tqdm(total=n, desc=what, unit="image", disable=silent, mininterval=1.0) as bar:
        late = None
        for first in [*firsts, None]:
            now = None
            if first is not None:
                with jax.set_mesh(mesh):
                    now = first, run(first)
            if late is not None:
                yield late[0], jax.tree.map(np.asarray, late[1])
                bar.update(min(firsts.step, n - late[0]) if isinstance(firsts, range) else 0)
            late = now


def rounded_up_to_devices(batch_size: int, mesh: Mesh) -> int:
    """The least multiple of the number of devices that is no smaller than the batch size."""
    return -(-batch_size // mesh.size) * mesh.size


def _joined(parts: Sequence[Features]) -> Features:
    return {tap: np.concatenate([part[tap] for part in parts]) for tap in parts[0]} if parts else {}

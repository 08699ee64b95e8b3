"""What recipes measure: samples and references, as images, labels and features. Each is made once, when first asked for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from gan_jax.evaluators.disk_cache import read_arrays, write_arrays
from gan_jax.evaluators.extraction import Samples, draw_samples, extract, extract_batches
from gan_jax.evaluators.image_set import ImageSet, fingerprint
from gan_jax.features.extractor import Extractor
from gan_jax.game import Measure, Observer, Sampler
from gan_jax.metrics.frechet import Moments
from gan_jax.types import Batch

_FORMAT = 1  # of cached references: a new number forgets the old ones
_ROWS = 2048  # of features at a time into their moments: fewer would be slow
_SHUFFLE = 20_190_412  # seeds which images stand for a larger set


class Need(NamedTuple):
    """What a recipe will ask of the samples, so that all is drawn in one pass."""

    n: int
    extractor: str | None  # None: the images themselves


@dataclasses.dataclass
class Evidence:
    """The two sides of a comparison.

    fake: a Sampler, or a set of images. real: by split ("train", "test"), functions that open a set of images.
    open_extractor: a name -> the network. given: where the sampler starts from real elements, indices [n] -> those.
    observer: images in [-1, 1] -> taps, and measures: by name, scores that only its game knows; where a run is scored.
    seed: of the samples. mesh, batch_size: where and how many at a time.
    cache: a folder for features of references, None for none. pictures: a folder for what a recipe draws.
    force: give scores of too few images too.
    """

    fake: Sampler | ImageSet
    real: Mapping[str, Callable[[], ImageSet]]
    open_extractor: Callable[[str], Extractor]
    mesh: Mesh
    given: Callable[[np.ndarray], Batch] | None = None
    observer: Observer | None = None
    measures: Mapping[str, Measure] = dataclasses.field(default_factory=dict)
    seed: int = 0
    batch_size: int = 64
    cache: Path | None = None
    pictures: Path | None = None
    force: bool = False
    quiet: bool = False

    def __post_init__(self):
        self._needs: dict[str | None, int] = {}
        self._samples = Samples(None, None, {})
        self._kept: dict[Any, Any] = {}

    def of(self, fake: Sampler, **changes: Any) -> Evidence:
        """The same networks for another step of a run; references that it shares with this one are kept."""
        other = dataclasses.replace(self, fake=fake, **changes)
        other._kept = self._kept
        return other

    # --- the fakes

    @property
    def fake_set(self) -> ImageSet | None:
        """The fakes where they are a set of images, None where they are drawn."""
        return self.fake if hasattr(self.fake, "images") else None

    def expect(self, needs: Iterable[Need]) -> None:
        """Says what will be asked for, so that one pass over the samples is enough."""
        for need in needs:
            self._needs[need.extractor] = max(need.n, self._needs.get(need.extractor, 0))

    def fake_images(self, n: int) -> np.ndarray:
        """uint8 [n, H, W, C]."""
        if self.fake_set is not None:
            return self._once(("images", n), lambda: self.fake_set.images(self.chosen(self.fake_set, n)))
        if self._samples.images is None or len(self._samples.images) < n:
            self._draw(Need(n, None))
        return self._samples.images[:n]

    def fake_labels(self, n: int) -> np.ndarray:
        """int32 [n]. Raises ValueError where the fakes have no classes."""
        if self.fake_set is not None:
            labels = self.fake_set.labels()
            if labels is None:
                raise ValueError(f"{self.fake_set.name} has no labels, and a score by class needs them")
            return labels[self.chosen(self.fake_set, n)]
        if not self.fake.num_classes:
            raise ValueError("a score by class needs a class-conditional generator; this one is unconditional")
        if self._samples.labels is None or len(self._samples.labels) < n:
            self._draw(Need(n, None))
        return self._samples.labels[:n]

    def fake_features(self, extractor: str, tap: str, n: int) -> np.ndarray:
        """float32 [n, F]."""
        if self.fake_set is not None:
            return self._set_features(self.fake_set, "the images", extractor, n)[tap]
        if extractor not in self._samples.features or len(self._samples.features[extractor][tap]) < n:
            self._draw(Need(n, extractor))
        return self._samples.features[extractor][tap][:n]

    def _draw(self, need: Need) -> None:
        self.expect([need])
        counts = {name: count for name, count in self._needs.items() if name is not None}
        self._samples = draw_samples(
            self.fake,
            max(self._needs.values()),
            self.mesh,
            seed=self.seed,
            given=self.given,
            batch_size=self.batch_size,
            extractors={name: self.open(name) for name in counts},
            counts=counts,
            keep_images=self._needs.get(None, 0),
            quiet=self.quiet,
        )

    # --- the references

    def reals(self, split: str) -> ImageSet:
        """A split of the reference. Raises ValueError, with those there are, where it is missing."""
        if split not in self.real:
            raise ValueError(f"the reference has no {split!r} split; it has {', '.join(self.real) or 'none'}")
        return self.real[split]()  # which keeps what it opened; of a growing run each size is another set

    def fingerprint(self, images: ImageSet) -> str:
        """What tells a reference's pixels from others'."""
        return self._once(("fingerprint", images.name, images.split), lambda: fingerprint(images))

    def real_images(self, split: str, n: int) -> np.ndarray:
        """uint8 [n, H, W, C]."""
        images = self.reals(split)
        return self._once(("images", images.name, split, n), lambda: images.images(self.chosen(images, n)))

    def real_labels(self, split: str, n: int) -> np.ndarray:
        """int32 [n]. Raises ValueError where the reference has no labels."""
        images = self.reals(split)
        if (labels := images.labels()) is None:
            raise ValueError(f"{images.name} has no labels, and a score by class needs them")
        return labels[self.chosen(images, n)]

    def real_features(self, split: str, extractor: str, tap: str, n: int) -> np.ndarray:
        """float32 [n, F], from the cache where it is there."""
        return self._set_features(self.reals(split), f"the {split} images", extractor, n)[tap]

    def real_moments(self, split: str, extractor: str, tap: str) -> Moments:
        """Of all images of a split, from the cache where they are there; features are not kept."""
        images = self.reals(split)

        def make() -> dict[str, np.ndarray]:
            total, waiting = None, []
            every, net = np.arange(len(images)), self.open(extractor)
            for part in extract_batches(
                net, images, every, self.mesh, self.batch_size, f"the {split} images", self.quiet
            ):
                waiting.append(part[tap])
                if sum(map(len, waiting)) >= _ROWS:
                    total, waiting = _updated(total, waiting), []
            total = _updated(total, waiting)
            return {"n": np.array(total.n), "mean": total.mean, "scatter": total.scatter}

        if (key := ("features", images.name, images.split, extractor, len(images))) in self._kept:
            return Moments.of(self._kept[key][tap], f"{split} images")
        found = self._once(
            ("moments", images.name, split, extractor, tap),
            lambda: self._cached(images, extractor, f"moments {tap}", make),
        )
        return Moments(int(found["n"]), found["mean"], found["scatter"])

    def observed(self, split: str, taps: Callable) -> dict[str, np.ndarray]:
        """{tap: float32 [N, F]} of all images of a split through `taps`, a pytree that maps uint8 images to features."""
        images = self.reals(split)
        every = np.arange(len(images))
        return extract(taps, images, every, self.mesh, self.batch_size, f"D on the {split} images", self.quiet)

    # --- both

    def open(self, name: str) -> Extractor:
        """The network of this name, opened once."""
        return self._once(("extractor", name), lambda: self.open_extractor(name))

    def chosen(self, images: ImageSet, n: int) -> np.ndarray:
        """Which n images stand for a set: all of them, or the same arbitrary ones every time."""
        if n > len(images):
            raise ValueError(f"{n} images are needed, and {images.name} has {len(images)}")
        every = np.random.default_rng(_SHUFFLE).permutation(len(images))
        return np.arange(n) if n == len(images) else np.sort(every[:n])

    def _set_features(self, images: ImageSet, what: str, extractor: str, n: int) -> dict[str, np.ndarray]:
        make = lambda: extract(
            self.open(extractor), images, self.chosen(images, n), self.mesh, self.batch_size, what, self.quiet
        )
        key = ("features", images.name, images.split, extractor, n)
        return self._once(key, lambda: self._cached(images, extractor, f"features {n}", make))

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _cached(self, images: ImageSet, extractor: str, what: str, make: Callable) -> dict[str, np.ndarray]:
        """make()'s arrays, kept on disk under a name that everything that shapes them is part of."""
        if self.cache is None:
            return make()
        net = self.open(extractor)
        facts = [_FORMAT, _SHUFFLE, self.fingerprint(images), net.name, net.resize, net.weights, what]
        path = self.cache / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}.npz"
        if (found := read_arrays(path)) is not None:
            return found
        arrays = make()
        write_arrays(path, arrays)
        return arrays


def _updated(total: Moments | None, waiting: list[np.ndarray]) -> Moments:
    if not waiting:
        return total
    features = np.concatenate(waiting)
    return (total or Moments.empty(features.shape[1])).update(features)

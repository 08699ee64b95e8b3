"""What recipes measure: samples and references, as images, labels and features. Each is made once, when first asked for."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from gan_jax.evaluators.bars import bar
from gan_jax.evaluators.classes import matched_labels
from gan_jax.evaluators.disk_cache import kept_on_disk
from gan_jax.evaluators.extraction import Samples, draw_samples, extract, extract_moments
from gan_jax.evaluators.image_set import ImageSet, fingerprint, labels_fingerprint, read_images
from gan_jax.evaluators.mixture import Mixture
from gan_jax.evaluators.volumes import Volumes
from gan_jax.features.extractor import Extractor
from gan_jax.game import Measure, Observer, Sampler, check_seed
from gan_jax.metrics.estimate import Track
from gan_jax.metrics.frechet import Moments
from gan_jax.types import Batch

_FORMAT = 2  # of cached references: a new number forgets the old ones
_KEPT = 10_000  # images: the features of so many are kept for other scores, of more only their moments
_SHUFFLE = 20_190_412  # seeds which images stand for a larger set


class Need(NamedTuple):
    """What a recipe will ask of the samples, so that all is drawn in one pass."""

    n: int
    extractor: str | None  # None: the images themselves


@dataclasses.dataclass
class Evidence:
    """The two sides of a comparison.

    fake: a Sampler, or a set of images. real: by split ("train", "test"), functions that open a set of images.
    open_extractor: a name -> the network. given: where the sampler starts from real elements, indices [n] -> those; paired:
    whether translation i should look like test image i of the reference.
    observer: images in [-1, 1] -> taps, and measures: by name, scores that only its game knows; where a run is scored.
    mixture, volumes: of a run's points or voxels. seed: of the samples, from 0 to LARGEST_SEED, else ValueError.
    mesh, batch_size: where and how many at a time. cache: a folder for features of references, None for none.
    pictures: a folder for what a recipe draws. force: give scores of too few images too. quiet: without bars.
    A set of images is known by the object that it is and by its pixels: two sets may bear one name.
    """

    fake: Sampler | ImageSet
    real: Mapping[str, Callable[[], ImageSet]]
    open_extractor: Callable[[str], Extractor]
    mesh: Mesh
    given: Callable[[np.ndarray], Batch] | None = None
    paired: bool = False
    observer: Observer | None = None
    measures: Mapping[str, Measure] = dataclasses.field(default_factory=dict)
    mixture: Mixture | None = None
    volumes: Volumes | None = None
    seed: int = 0
    batch_size: int = 64
    cache: Path | None = None
    pictures: Path | None = None
    force: bool = False
    quiet: bool = False

    def __post_init__(self):
        check_seed(self.seed)
        self._needs: dict[str | None, int] = {}
        self._samples = Samples(None, None, {})
        self._opened: dict[str, ImageSet] = {}
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
            return self._read(self.fake_set, n, "reading the images")
        if self._samples.images is None or len(self._samples.images) < n:
            self._draw(Need(n, None))
        return self._samples.images[:n]

    def fake_labels(self, n: int) -> np.ndarray:
        """int32 [n], -1 where unlabelled. Raises ValueError where the fakes have no classes."""
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

    def fake_moments(self, extractor: str, tap: str, n: int) -> Moments:
        """Of n fakes. The features of a set of images are not kept, so it may be of any size."""
        if self.fake_set is not None and n == len(self.fake_set):
            return self._moments(self.fake_set, "images", extractor, tap)
        return Moments.of(self.fake_features(extractor, tap, n), "samples")

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
        if split not in self._opened:
            self._opened[split] = self.real[split]()
        return self._opened[split]

    def real_images(self, split: str, n: int) -> np.ndarray:
        """uint8 [n, H, W, C]."""
        return self._read(self.reals(split), n, f"reading the {split} images")

    def real_labels(self, split: str, n: int) -> np.ndarray:
        """int32 [n] in the numbers of `classes`, -1 where unlabelled.

        Raises ValueError where the reference has no labels, or an image of a class that `classes` lacks.
        """
        images = self.reals(split)
        if (labels := images.labels()) is None:
            raise ValueError(f"{images.name} has no labels, and a score by class needs them")
        of_known = "the training split" if self.fake_set is None else "the set of images"
        labels = labels[self.chosen(images, n)]
        return matched_labels(labels, images.classes, self.classes, f"the {split} split", of_known)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that labels count in: of labelled images their own, else the training split's."""
        own = () if self.fake_set is None else tuple(self.fake_set.classes)
        return own or tuple(self.reals("train").classes)

    def real_features(self, split: str, extractor: str, tap: str, n: int) -> np.ndarray:
        """float32 [n, F], from the cache where it is there."""
        return self._set_features(self.reals(split), f"the {split} images", extractor, n)[tap]

    def real_moments(self, split: str, extractor: str, tap: str) -> Moments:
        """Of all images of a split, from the cache where they are there; of many the features are not kept."""
        return self._moments(self.reals(split), f"{split} images", extractor, tap)

    def observed(self, split: str, taps: Callable, n: int) -> dict[str, np.ndarray]:
        """{tap: float32 [n, F]} of n images of a split through `taps`, a pytree that maps uint8 images to features."""
        images = self.reals(split)
        what = f"D on the {split} images"
        return extract(taps, images, self.chosen(images, n), self.mesh, self.batch_size, what, self.quiet)

    # --- both

    def open(self, name: str) -> Extractor:
        """The network of this name, opened once."""
        return self._once(("extractor", name), lambda: self.open_extractor(name))

    def bar(self, what: str, unit: str) -> Track:
        """See `bars.bar`."""
        return bar(what, unit, self.quiet)

    def chosen(self, images: ImageSet, n: int) -> np.ndarray:
        """Which n images stand for a set: all of them, or the same arbitrary ones every time."""
        if n > len(images):
            raise ValueError(f"{n} images are needed, and {images.name} has {len(images)}")
        every = np.random.default_rng(_SHUFFLE).permutation(len(images))
        return np.arange(n) if n == len(images) else np.sort(every[:n])

    def fingerprint(self, images: ImageSet, n: int) -> str:
        """What tells the pixels of the n images that stand for a set from others': all of these are read, once."""
        make = lambda: fingerprint(images, self.chosen(images, n), self.bar("checking every pixel", "part"))
        return self._once(("fingerprint", images, n), make)

    def reference_hash(self, split: str, n: int, both: bool, labels: bool) -> str:
        """Of the pixels of n images of a split; of the test split's, and of labels and names of classes, where they count."""
        sets = [self.reals(split), *([self.reals("test")] if both else [])]
        parts = [self.fingerprint(each, n if i == 0 else len(each)) for i, each in enumerate(sets)]
        parts += [self._once(("labels", each), lambda e=each: labels_fingerprint(e)) for each in sets if labels]
        return parts[0] if len(parts) == 1 else hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]

    def _read(self, images: ImageSet, n: int, what: str) -> np.ndarray:
        track = self.bar(what, "part")
        return self._once(("images", images, n), lambda: read_images(images, self.chosen(images, n), track))

    def _set_features(self, images: ImageSet, what: str, extractor: str, n: int) -> dict[str, np.ndarray]:
        net, chosen = self.open, self.chosen
        make = lambda: extract(net(extractor), images, chosen(images, n), self.mesh, self.batch_size, what, self.quiet)
        cached = lambda: self._cached(images, extractor, n, f"features {n}", make)
        return self._once(("features", images, extractor, n), cached)

    def _moments(self, images: ImageSet, what: str, extractor: str, tap: str) -> Moments:
        if len(images) <= _KEPT or ("features", images, extractor, len(images)) in self._kept:
            return Moments.of(self._set_features(images, f"the {what}", extractor, len(images))[tap], what)
        place = self.mesh, self.batch_size, f"the {what}", self.quiet
        make = lambda: extract_moments(self.open(extractor), tap, images, *place)
        cached = lambda: self._cached(images, extractor, len(images), f"moments {tap}", make)
        found = self._once(("moments", images, extractor, tap), cached)
        return Moments(int(found["n"]), found["mean"], found["scatter"])

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What make() gave when this key was first asked for. Sets of images stand in keys as the objects that they are."""
        return self._kept[key] if key in self._kept else self._kept.setdefault(key, make())

    def _cached(self, images: ImageSet, extractor: str, n: int, what: str, make: Callable) -> dict[str, np.ndarray]:
        """make()'s arrays, kept on disk under a name that everything that shapes them is part of: pixels, not names."""
        if self.cache is None:
            return make()
        net = self.open(extractor)
        facts = [_FORMAT, _SHUFFLE, self.fingerprint(images, n), net.name, net.resize, net.weights, what]
        return kept_on_disk(self.cache, facts, make)

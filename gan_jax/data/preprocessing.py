"""Elements of a source to what a network is trained on: one size, one number of channels, floats."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gan_jax import ranges
from gan_jax.data.images.cells import cell_means
from gan_jax.data.images.channels import with_channels
from gan_jax.data.images.framing import CROPS, RESIZES, Framing
from gan_jax.data.images.resizing import FILTERS
from gan_jax.data.images.shapes import check_leaf, check_shapes, is_points, told
from gan_jax.data.source import Element
from gan_jax.names import one_of


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """Every image from uint8 [h, w, c] to float32 [H, W, C] in [-1, 1].

    Steps: channels, resize, crop, flip, scale. The images of one element are cropped and flipped by one draw. Points
    (float32 [2], or [1]) pass through as they are, voxels (0 and 1) as floats.

    Args:
        shape: (H, W, C), (D, H, W, 1) for voxels, (2,) or (1,) for points. Channels are converted: grey to RGB by
            repetition, RGB to grey by luma (ITU-R 601), anything with alpha to C = 1 or 3 by laying it on white.
        resize: "short_side": the smallest size of the same aspect that covers (H, W); "exact": to (H, W), whatever the
            aspect; "none". An image that has the size already is left untouched.
        filter: nearest, box, bilinear, bicubic or lanczos; all but nearest are antialiased. Rounds to 256 levels.
        crop: "center"; "random": anywhere; "none": the resized image must fit; "distorted": a random part of the
            image's aspect H : W and of half to all its area, resized to (H, W) (the ImageNet crop of compare_gan).
        oversize: resizes to cover oversize * (H, W) before the crop: 286 / 256 is pix2pix's jitter.
        flip: mirrors left and right with probability 1/2.
        dequantize: x / 128 - 1 + U(0, 1/128) in place of x / 127.5 - 1 (SNGAN's noise, arXiv:1802.05957).
        shapes: of leaves that differ from `shape`: {"b": (256, 256, 1)}, or {"image": (H, W, 3)} beside voxels. All
            images of an element have one H and W.

    Raises:
        ValueError: unknown names, settings that contradict each other; on a call, an image of an unusable size.
    """

    shape: tuple[int, ...]
    resize: str = "short_side"
    filter: str = "lanczos"
    crop: str = "center"
    oversize: float = 1.0
    flip: bool = False
    dequantize: bool = False
    shapes: Mapping[str, tuple[int, ...]] | tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        own = {key: tuple(shape) for key, shape in dict(self.shapes).items()}
        object.__setattr__(self, "shapes", tuple(sorted(own.items())))
        one_of(self.resize, RESIZES, "resize")
        one_of(self.filter, FILTERS, "filter")
        one_of(self.crop, CROPS, "crop")
        check_shapes(self.shape, own)
        if len(self.shape) != 3 or "voxels" in own:
            self._refuse_chance("points" if self.is_points else "voxels")
        if self.crop == "distorted" and (self.resize != "short_side" or self.oversize != 1):
            raise ValueError(
                'crop "distorted" cuts first and resizes itself: leave resize "short_side" and oversize 1.'
            )
        ranges.positive("oversize", self.oversize)
        if self.oversize < 1 or (self.oversize > 1 and (self.crop == "none" or self.resize == "none")):
            raise ValueError(f"oversize {self.oversize} must be at least 1, and 1 where there is no resize or no crop.")

    @property
    def is_points(self) -> bool:
        return is_points(self.shape)

    @property
    def is_random(self) -> bool:
        """Whether two calls on one element may differ."""
        return self.flip or self.dequantize or not self.is_fixed

    @property
    def is_fixed(self) -> bool:
        """Whether `prepare` always returns arrays of the final shape: the crop is not random."""
        return self._framing is None or self._framing.is_fixed

    def without_randomness(self) -> Preprocessing:
        """The same for evaluation: crop in the centre, no flip, no noise."""
        crop = self.crop if self.is_fixed else "center"
        return dataclasses.replace(self, crop=crop, flip=False, dequantize=False)

    def shape_of(self, key: str) -> tuple[int, ...]:
        """The final shape of a leaf."""
        return dict(self.shapes).get(key, self.shape) if self.shapes else self.shape

    def __call__(self, element: Element, rng: np.random.Generator | None = None) -> dict:
        """Each leaf as float32 of its shape; "label": int32 where there is one. `rng` may be None if not random."""
        batch = self.finish([self.prepare(element)], None if rng is None else [rng])
        return {key: leaf[0] for key, leaf in batch.items()}

    def prepare(self, element: Element) -> dict:
        """The part without chance: images uint8 [h, w, C], [H, W, C] if `is_fixed`."""
        _check_once(self, tuple((key, leaf.shape) for key, leaf in element.items() if key != "label"))
        return {key: leaf if key == "label" else self._prepared(key, leaf) for key, leaf in element.items()}

    def finish(
        self, prepared: Sequence[Element], rngs: Iterable[np.random.Generator] | None = None, k: int = 1
    ) -> dict[str, np.ndarray]:
        """The part with chance, then the scaling to floats, of B prepared elements.

        Args:
            prepared: elements that went through `prepare`.
            rngs: each element's noise; it is used before the next is taken. May be None if not `is_random`.
            k: means over k x k cells are taken of what else would come out. Noise is part of that: the element that a
                smaller phase shows is the mean of the very element that the full one would show, whose noise of one
                level, averaged over k x k pixels, still covers the means' finer steps of 1 / k^2 level.

        Returns:
            Each leaf as float32 [B, *shape]; "label": int32 [B] where there is one.
        """
        rows: dict[str, list[np.ndarray]] = {key: [] for key in prepared[0] if key != "label"}
        noise: dict[str, list[np.ndarray]] = {key: [] for key in rows}
        if not self.is_random:
            for key, row in rows.items():
                row += [cell_means(element[key], k) for element in prepared]
        elif rngs is None:
            raise ValueError("random preprocessing needs a random generator for each element.")
        else:
            self._draw(prepared, rngs, k, rows, noise)
        batch = {key: self._scaled(key, np.stack(row), noise[key]) for key, row in rows.items()}
        if "label" in prepared[0]:
            batch["label"] = np.asarray([element["label"] for element in prepared], np.int32)
        return batch

    def check(self, leaves: Mapping[str, Mapping[tuple[int, ...], int]]) -> None:
        """Raises ValueError where leaves of these sizes cannot be used. leaves: {"image": {(h, w, c): how many}}."""
        images = {} if self.is_points else {key: sizes for key, sizes in leaves.items() if key != "voxels"}
        for key, sizes in leaves.items():
            check_leaf(key, sizes, self.shape_of(key))
        for sizes in images.values():
            self._framing.require_fit(sizes)
        uncropped = [{self._framing.size_before_crop(h, w) for h, w, _ in sizes} for sizes in images.values()]
        if any(sizes != uncropped[0] for sizes in uncropped):
            found = "; ".join(f"{key}: {told(sizes)}" for key, sizes in images.items())
            raise ValueError(
                f"the images of an element are cropped as one, and theirs differ in size: {found}. Store them at one"
                " size, or set resize to 'exact'."
            )

    @functools.cached_property
    def _framing(self) -> Framing | None:
        """None where no leaf is an image."""
        for _, shape in (("", self.shape), *self.shapes):
            if len(shape) == 3:
                return Framing(*shape[:2], self.resize, self.filter, self.crop, self.oversize)
        return None

    def _draw(
        self,
        prepared: Sequence[Element],
        rngs: Iterable[np.random.Generator],
        k: int,
        rows: Mapping[str, list[np.ndarray]],
        noise: Mapping[str, list[np.ndarray]],
    ) -> None:
        """Appends each element's leaves, cropped and flipped by one draw, to `rows`, and their noise to `noise`."""
        first, is_fixed = next(iter(rows)), self.is_fixed
        for element, rng in zip(prepared, rngs, strict=True):
            box = None if is_fixed else self._framing.draw(element[first].shape[:2], rng)
            mirrored = self.flip and rng.random() < 0.5
            for key, row in rows.items():
                leaf = element[key] if box is None else self._framing.cut(element[key], box)
                leaf = leaf[:, ::-1] if mirrored else leaf
                if self.dequantize:
                    noise[key].append(cell_means(rng.random(leaf.shape, np.float32), k))
                row.append(cell_means(leaf, k))

    def _prepared(self, key: str, leaf: np.ndarray) -> np.ndarray:
        if key == "voxels" and leaf.dtype != bool and leaf.max() > 1:
            raise ValueError(f"voxels are 0 (empty) or 1 (full), and this volume holds a {leaf.max()}.")
        if key == "voxels" or self.is_points:
            return leaf
        return self._framing.prepare(with_channels(leaf, self.shape_of(key)[2]))

    def _scaled(self, key: str, leaves: np.ndarray, noise: list[np.ndarray]) -> np.ndarray:
        if key == "voxels" or self.is_points:
            return leaves.astype(np.float32, copy=False)
        leaves = np.divide(leaves, np.float32(128 if self.dequantize else 127.5), dtype=np.float32)
        leaves -= np.float32(1)
        if self.dequantize:
            leaves += np.stack(noise) * np.float32(1 / 128)
        return leaves

    def _refuse_chance(self, held: str) -> None:
        if self.flip or self.dequantize or self.crop in ("random", "distorted"):
            raise ValueError(
                f"{held} cannot be cropped at random, flipped or dequantized: leave crop 'center', flip and dequantize off."
            )


@functools.lru_cache(4096)
def _check_once(preprocessing: Preprocessing, sizes: tuple[tuple[str, tuple[int, ...]], ...]) -> None:
    """`check` of one element, which would take a tenth of a small image's time."""
    preprocessing.check({key: {size: 1} for key, size in sizes})

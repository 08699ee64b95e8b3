"""Which part of an image is kept, and at which size: resizing and cropping."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gan_jax.data.images.resizing import resize
from gan_jax.data.images.shapes import told

RESIZES = ("none", "short_side", "exact")
CROPS = ("none", "center", "random", "distorted")


class Box(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclasses.dataclass(frozen=True)
class Framing:
    """From images of any size to (height, width), in two steps: `prepare` knows no chance, `draw` and `cut` do.

    The settings are those of `Preprocessing`.
    """

    height: int
    width: int
    resize: str
    filter: str
    crop: str
    oversize: float

    @property
    def is_fixed(self) -> bool:
        """Whether `prepare` does all: the crop is not random."""
        return self.crop in ("none", "center")

    def size_before_crop(self, h: int, w: int) -> tuple[int, int]:
        """The size that an image of h x w is brought to before it is cropped."""
        if self.resize == "none" or self.crop == "distorted":
            return h, w
        to_h, to_w = round(self.oversize * self.height), round(self.oversize * self.width)
        if self.resize == "exact":
            return to_h, to_w
        scale = max(to_h / h, to_w / w)
        return max(to_h, round(h * scale)), max(to_w, round(w * scale))

    def require_fit(self, sizes: Mapping[tuple[int, ...], int]) -> None:
        """Raises ValueError where images of these sizes (h, w, c) cannot be made fit."""
        for h, w, _ in sizes:
            after = self.size_before_crop(h, w)
            fits = self.crop == "distorted" or after == (self.height, self.width)
            if self.crop in ("center", "random"):
                fits = after[0] >= self.height and after[1] >= self.width
            if not fits:
                raise ValueError(
                    f"images of {h} x {w} do not become {self.height} x {self.width} by resize {self.resize!r} and"
                    f" crop {self.crop!r}. Sizes found: {told(sizes)}. Set resize to 'short_side' with crop 'center' or"
                    f" 'random' (keeps the aspect), or resize to 'exact' (stretches), or `shape` to the size found."
                )

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """uint8 [h, w, c] -> uint8 [height, width, c] if `is_fixed`, else what `cut` takes its part from."""
        size, part = self.size_before_crop(*image.shape[:2]), None
        if self.is_fixed:  # only what the crop keeps is computed
            part = (size[0] - self.height) // 2, (size[1] - self.width) // 2, self.height, self.width
        return resize(image, size, self.filter, part)

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> Box:
        """A random part of a prepared image of h x w."""
        h, w = size
        crop_h, crop_w = self.height, self.width
        if self.crop == "distorted":
            aspect = self.width / self.height
            most = max(1, min(h, int(w / aspect), round(np.sqrt(h * w / aspect))))  # the height of the largest part
            least = min(most, max(1, round(np.sqrt(0.5 * h * w / aspect))))
            crop_h = int(rng.integers(least, most + 1))
            crop_w = min(w, max(1, round(crop_h * aspect)))
        top, left = int(rng.integers(h - crop_h + 1)), int(rng.integers(w - crop_w + 1))
        return Box(top, left, crop_h, crop_w)

    def cut(self, image: np.ndarray, box: Box) -> np.ndarray:
        """That part of a prepared image, [height, width, c]."""
        image = image[box.top : box.top + box.height, box.left : box.left + box.width]
        return resize(image, (self.height, self.width), self.filter) if self.crop == "distorted" else image

"""Images and volumes drawn by a formula, of any size: for benchmarks, tests and dry runs."""

from __future__ import annotations

import dataclasses

import numpy as np

from gan_jax import ranges
from gan_jax.data.source import Element


@dataclasses.dataclass(frozen=True)
class Fake:
    """Stripes whose direction tells the class, under a soft disc; element i is a function of (seed, i).

    The images of a pair differ in their colours alone. A volume is a solid ball.

    Args:
        size: (h, w, c) of every image; c from 1 to 4.
        length: number of elements.
        num_classes: element i has label i % num_classes; 0 for elements without labels.
        seed: another seed gives other elements.
        leaves: what an element holds: ("image",), ("a", "b") for a pair, ("voxels",), ("image", "voxels").
        voxels: (d, h, w, 1) of every volume, where there are volumes.
    """

    size: tuple[int, int, int] = (32, 32, 3)
    length: int = 1024
    num_classes: int = 10
    seed: int = 0
    leaves: tuple[str, ...] = ("image",)
    voxels: tuple[int, int, int, int] = (16, 16, 16, 1)

    def __post_init__(self):
        for name in ("size", "leaves", "voxels"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("size", "voxels"):
            ranges.wholes(f"fake: {name}", getattr(self, name))
        ranges.whole("fake: length", self.length)
        ranges.whole("fake: num_classes", self.num_classes, 0)
        if len(self.size) != 3 or min(self.size) < 1 or self.size[2] > 4:
            raise ValueError(f"fake: size must be (height, width, 1 to 4 channels), got {self.size}.")
        if len(self.voxels) != 4 or min(self.voxels) < 1 or self.voxels[3] != 1:
            raise ValueError(f"fake: voxels must be (depth, height, width, 1), got {self.voxels}.")
        if not self.leaves or "label" in self.leaves or len({*self.leaves}) < len(self.leaves):
            raise ValueError(
                f"fake: leaves must be names, each once, such as ('a', 'b'), got {self.leaves}. Labels come with num_classes."
            )

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.leaves, *(("label",) if self.num_classes else ()))

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(f"class {label}" for label in range(self.num_classes))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Element:
        if not 0 <= index < self.length:
            raise IndexError(f"element {index} of {self.length}")
        label = index % self.num_classes if self.num_classes else 0
        element: dict[str, object] = self._images(index, np.pi * label / max(self.num_classes, 1))
        if "voxels" in self.leaves:
            element["voxels"] = self._ball(index)
        return {**element, "label": label} if self.num_classes else element

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        return {key: self.voxels if key == "voxels" else self.size for key in self.leaves}

    def labels(self) -> np.ndarray | None:
        return np.arange(self.length, dtype=np.int32) % self.num_classes if self.num_classes else None

    def _images(self, index: int, angle: float) -> dict[str, object]:
        h, w, c = self.size
        rng = np.random.default_rng([self.seed, index])
        y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
        stripes = np.sin(8 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 2 * np.pi))  # [h, w] in -1..1
        centre = rng.uniform(-0.5, 0.5, 2)
        disc = np.exp(-8 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2))  # [h, w] in 0..1
        images = {}
        for key in self.leaves:
            if key != "voxels":
                low, high, spot = rng.uniform(0, 255, (3, c))
                image = low + (high - low) * (stripes[..., None] + 1) / 2  # [h, w, c]
                images[key] = (image + (spot - image) * disc[..., None]).astype(np.uint8)
        return images

    def _ball(self, index: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, index, 1])
        centre, radius = rng.uniform(-0.3, 0.3, 3), rng.uniform(0.4, 0.7)
        axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in self.voxels[:3]), indexing="ij")
        return (sum((axis - at) ** 2 for axis, at in zip(axes, centre, strict=True)) <= radius**2)[..., None]

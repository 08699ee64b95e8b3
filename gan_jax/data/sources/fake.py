"""Images drawn by a formula, of any size: for benchmarks, tests and dry runs."""

from __future__ import annotations

import dataclasses

import numpy as np

from gan_jax.data.source import Element


@dataclasses.dataclass(frozen=True)
class Fake:
    """Stripes whose direction tells the class, under a soft disc; image i is a function of (seed, i).

    Args:
        size: (h, w, c) of every image; c from 1 to 4.
        length: number of images.
        num_classes: image i has label i % num_classes; 0 for images without labels.
        seed: another seed gives other images.
    """

    size: tuple[int, int, int] = (32, 32, 3)
    length: int = 1024
    num_classes: int = 10
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "size", tuple(self.size))
        if len(self.size) != 3 or min(self.size) < 1 or self.size[2] > 4:
            raise ValueError(f"fake: size must be (height, width, 1 to 4 channels), got {self.size}.")
        if self.length < 1 or self.num_classes < 0:
            raise ValueError(
                f"fake: length {self.length} must be at least 1, num_classes {self.num_classes} not negative."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(f"class {label}" for label in range(self.num_classes))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Element:
        if not 0 <= index < self.length:
            raise IndexError(f"image {index} of {self.length}")
        h, w, c = self.size
        rng = np.random.default_rng([self.seed, index])
        label = index % self.num_classes if self.num_classes else 0
        angle = np.pi * label / max(self.num_classes, 1)
        y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
        stripes = np.sin(8 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 2 * np.pi))  # [h, w] in -1..1
        centre = rng.uniform(-0.5, 0.5, 2)
        disc = np.exp(-8 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2))  # [h, w] in 0..1
        low, high, spot = rng.uniform(0, 255, (3, c))
        image = low + (high - low) * (stripes[..., None] + 1) / 2  # [h, w, c]
        image = (image + (spot - image) * disc[..., None]).astype(np.uint8)
        return {"image": image, "label": label} if self.num_classes else {"image": image}

    def size_of(self, index: int) -> tuple[int, ...]:
        return self.size

    def labels(self) -> np.ndarray | None:
        return np.arange(self.length, dtype=np.int32) % self.num_classes if self.num_classes else None

"""Elements of a source to what a network is trained on: one size, one number of channels, floats in [-1, 1]."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gan_jax.data.channels import with_channels
from gan_jax.data.resizing import FILTERS, resize
from gan_jax.data.source import Element
from gan_jax.names import one_of

RESIZES = ("none", "short_side", "exact")
CROPS = ("none", "center", "random", "distorted")
_UNUSED = np.random.default_rng(0)  # stands where there is no chance; nothing is drawn from it


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """From uint8 [h, w, c] to float32 [H, W, C] in [-1, 1].

    Steps: channels, resize, crop, flip, scale. Points (float32 [2]) pass through as they are.

    Args:
        shape: (H, W, C), or (2,) for points. Channels are converted: grey to RGB by repetition, RGB to grey by
            luma (ITU-R 601), anything with alpha to C = 1 or 3 by laying it on white.
        resize: "short_side": the smallest size of the same aspect that covers (H, W); "exact": to (H, W), whatever the
            aspect; "none". An image that has the size already is left untouched.
        filter: nearest, box, bilinear, bicubic or lanczos; all but nearest are antialiased. Rounds to 256 levels.
        crop: "center"; "random": anywhere; "none": the resized image must fit; "distorted": a random part of the
            image's aspect H : W and of half to all its area, resized to (H, W) (the ImageNet crop of compare_gan).
        oversize: resizes to cover oversize * (H, W) before the crop: 286 / 256 is pix2pix's jitter.
        flip: mirrors left and right with probability 1/2.
        dequantize: x / 128 - 1 + U(0, 1/128) in place of x / 127.5 - 1 (SNGAN's noise, arXiv:1802.05957).

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

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        one_of(self.resize, RESIZES, "resize")
        one_of(self.filter, FILTERS, "filter")
        one_of(self.crop, CROPS, "crop")
        if self.is_points:
            if self.flip or self.dequantize:
                raise ValueError("points (shape (2,)) cannot be flipped or dequantized: leave both off.")
        elif len(self.shape) != 3 or min(self.shape) < 1 or self.shape[2] > 4:
            raise ValueError(f"shape must be (height, width, 1 to 4 channels), or (2,) for points; got {self.shape}.")
        if self.crop == "distorted" and (self.resize != "short_side" or self.oversize != 1):
            raise ValueError(
                'crop "distorted" cuts first and resizes itself: leave resize "short_side" and oversize 1.'
            )
        if self.oversize < 1 or (self.oversize > 1 and (self.crop == "none" or self.resize == "none")):
            raise ValueError(f"oversize {self.oversize} must be at least 1, and 1 where there is no resize or no crop.")

    @property
    def is_points(self) -> bool:
        return self.shape == (2,)

    @property
    def is_random(self) -> bool:
        """Whether two calls on one element may differ."""
        return self.flip or self.dequantize or not self.is_fixed

    @property
    def is_fixed(self) -> bool:
        """Whether `prepare` always returns arrays of `shape`: the crop is not random."""
        return self.is_points or self.crop in ("none", "center")

    def without_randomness(self) -> Preprocessing:
        """The same for evaluation: crop in the centre, no flip, no noise."""
        crop = self.crop if self.is_fixed else "center"
        return dataclasses.replace(self, crop=crop, flip=False, dequantize=False)

    def __call__(self, element: Element, rng: np.random.Generator | None = None) -> dict:
        """{"image": float32 of `shape`, "label": int32 where the element has one}. `rng` may be None if not random."""
        batch = self.finish([self.prepare(element)], None if rng is None else [rng])
        return {key: leaf[0] for key, leaf in batch.items()}

    def prepare(self, element: Element) -> dict:
        """The part without chance: uint8 [h, w, C], of `shape` if `is_fixed`."""
        image = element["image"]
        if self.is_points:
            if image.shape != self.shape:
                raise ValueError(f"expected points of shape {self.shape}, got an array of shape {image.shape}.")
        else:
            self._require_fit({image.shape: 1})
            image = with_channels(image, self.shape[2])
            size = image.shape[:2] if self.crop == "distorted" else self._size_after_resize(*image.shape[:2])
            (height, width), part = self.shape[:2], None
            if self.is_fixed:  # only what the crop keeps is computed
                part = (size[0] - height) // 2, (size[1] - width) // 2, height, width
            image = resize(image, size, self.filter, part)
        return {**element, "image": image}

    def finish(self, prepared: Sequence[Element], rngs: Iterable[np.random.Generator] | None = None) -> dict:
        """The part with chance, then the scaling to floats, of B prepared elements.

        Args:
            prepared: elements that went through `prepare`.
            rngs: each element's noise; it is used before the next is taken. May be None if not `is_random`.

        Returns:
            {"image": float32 [B, *shape], "label": int32 [B] where labelled}.
        """
        if rngs is None:
            if self.is_random:
                raise ValueError("random preprocessing needs a random generator for each element.")
            rngs = itertools.repeat(_UNUSED, len(prepared))
        pixels, noise = [], []
        for element, rng in zip(prepared, rngs, strict=True):
            image = element["image"]
            if not self.is_fixed:
                image = self._random_crop(image, rng)
            if self.flip and rng.random() < 0.5:
                image = image[:, ::-1]
            if self.dequantize:
                noise.append(rng.random(self.shape, np.float32))
            pixels.append(image)
        images = np.stack(pixels)  # [B, H, W, C]
        if not self.is_points:
            images = np.divide(images, np.float32(128 if self.dequantize else 127.5), dtype=np.float32)
            images -= np.float32(1)
        if self.dequantize:
            images += np.stack(noise) * np.float32(1 / 128)
        if "label" not in prepared[0]:
            return {"image": images}
        return {"image": images, "label": np.asarray([element["label"] for element in prepared], np.int32)}

    def check(self, sizes: Mapping[tuple[int, ...], int]) -> None:
        """Raises ValueError where images of these sizes ((h, w, c), or (2,) for points) cannot be used."""
        points = [size for size in sizes if len(size) == 1]
        if self.is_points != bool(points):
            held = "points" if points else "images"
            raise ValueError(
                f"the source holds {held} (sizes {_told(sizes)}), which does not go with shape {self.shape}."
            )
        if not self.is_points:
            self._require_fit(sizes)

    def _require_fit(self, sizes: Mapping[tuple[int, ...], int]) -> None:
        for h, w, _ in sizes:
            after = self._size_after_resize(h, w)
            fits = self.crop == "distorted" or after == self.shape[:2]
            if self.crop in ("center", "random"):
                fits = after[0] >= self.shape[0] and after[1] >= self.shape[1]
            if not fits:
                raise ValueError(
                    f"images of {h} x {w} do not become {self.shape[0]} x {self.shape[1]} by resize {self.resize!r} and"
                    f" crop {self.crop!r}. Sizes found: {_told(sizes)}. Set resize to 'short_side' with crop 'center' or"
                    f" 'random' (keeps the aspect), or resize to 'exact' (stretches), or `shape` to the size found."
                )

    def _size_after_resize(self, h: int, w: int) -> tuple[int, int]:
        if self.resize == "none":
            return h, w
        to_h, to_w = round(self.oversize * self.shape[0]), round(self.oversize * self.shape[1])
        if self.resize == "exact":
            return to_h, to_w
        scale = max(to_h / h, to_w / w)
        return max(to_h, round(h * scale)), max(to_w, round(w * scale))

    def _random_crop(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        (h, w), (to_h, to_w) = image.shape[:2], self.shape[:2]
        crop_h, crop_w = to_h, to_w
        if self.crop == "distorted":
            aspect = to_w / to_h
            most = max(1, min(h, int(w / aspect), round(np.sqrt(h * w / aspect))))  # the height of the largest part
            least = min(most, max(1, round(np.sqrt(0.5 * h * w / aspect))))
            crop_h = int(rng.integers(least, most + 1))
            crop_w = min(w, max(1, round(crop_h * aspect)))
        top, left = int(rng.integers(h - crop_h + 1)), int(rng.integers(w - crop_w + 1))
        image = image[top : top + crop_h, left : left + crop_w]
        return resize(image, (to_h, to_w), self.filter) if self.crop == "distorted" else image


def _told(sizes: Mapping[tuple[int, ...], int]) -> str:
    """The commonest sizes in words."""
    common = sorted(sizes, key=lambda size: sizes[size], reverse=True)
    told = ", ".join(f"{' x '.join(map(str, size))} ({sizes[size]})" for size in common[:5])
    return told + (f" and {len(common) - 5} more" if len(common) > 5 else "")

"""Three digits by chance in the three channels of an image: 1,000 modes that can be counted (arXiv:1611.02163, 1712.04086)."""

from __future__ import annotations

import numpy as np

from gan_jax import ranges
from gan_jax.data.source import Element, Source
from gan_jax.data.sources.arrays import Arrays
from gan_jax.data.sources.digits import Digits
from gan_jax.data.sources.tfds import Tfds
from gan_jax.names import one_of


class StackedDigits:
    """Images [h, w, 3] whose channels are three digits, drawn with replacement. No labels: what is counted is drawn.

    The digits are the embedded ones of 8 x 8; those of an .npz file (`path`, see `arrays`); or those of a prepared TFDS data
    set (`name`, such as "mnist").

    Args:
        split: "train", "test" or "train+test" of the digits at hand, or what `arrays` or `tfds` calls a split; unset, the
            training one.
        length: number of triples. The paper has 128,000, of all 70,000 digits of MNIST.
        seed: another seed gives other triples; the test split's are other ones too.
        path, name, data_dir: where other digits are.

    Raises:
        ValueError: digits of more than one channel or of several sizes, both path and name; else as the digits' source.
    """

    keys = ("image",)
    classes = ()

    def __init__(
        self,
        split: str | None = None,
        length: int = 128_000,
        seed: int = 0,
        path: str | None = None,
        name: str | None = None,
        data_dir: str | None = None,
    ):
        ranges.whole("stacked_digits: length", length)
        ranges.whole("stacked_digits: seed", seed, 0)
        if path is not None and (name is not None or data_dir is not None):
            raise ValueError(
                "stacked_digits: digits come from a file (path) or from TFDS (name, data_dir), not from both"
            )
        self._digits: list[Source] = _digits(split, path, name, data_dir)
        self._starts = np.cumsum([0, *map(len, self._digits)])
        self._shape = self._one(0).shape
        rng = np.random.default_rng([seed, split == "test"])
        self._triples = rng.integers(self._starts[-1], size=(length, 3))
        of = ", ".join(map(repr, self._digits))
        self._name = f"StackedDigits({of}, split={split!r}, length={length}, seed={seed})"

    def __len__(self) -> int:
        return len(self._triples)

    def __getitem__(self, index: int) -> Element:
        return {"image": np.concatenate([self._one(i) for i in self._triples[index]], axis=-1)}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        return {"image": (*self._shape[:2], 3)}

    def labels(self) -> None:
        return None

    def _one(self, index: int) -> np.ndarray:
        """Digit `index`, uint8 [h, w, 1]."""
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        digits = self._digits[part]
        image = digits[int(index - self._starts[part])]["image"]
        if image.ndim != 3 or image.shape[-1] != 1 or image.shape != getattr(self, "_shape", image.shape):
            raise ValueError(
                f"stacked_digits: digits are of one channel and one size, and {digits!r} holds {image.shape}"
            )
        return image


def _digits(split: str | None, path: str | None, name: str | None, data_dir: str | None) -> list[Source]:
    if path is not None:
        return [Arrays(path, split=each) for each in (split.split("+") if split else [None])]
    split = split or "train"
    if name is not None or data_dir is not None:
        return [Tfds(name, split=split, data_dir=data_dir)]
    one_of(split, ("train", "test", "train+test"), "stacked_digits: split")
    return [Digits(each) for each in split.split("+")]

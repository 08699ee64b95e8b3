"""Drawn faces, embedded in the package: each with ten yes/no attributes and the masks of its parts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from importlib import resources

import numpy as np

from gan_jax.data.correlating import correlated_indices
from gan_jax.data.face_parts import PARTS, part_masks
from gan_jax.data.images.decoding import decode
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of

ATTRIBUTES = (
    *("glasses", "beard", "smiling", "long_hair", "eyes_closed", "light_hair", "facing_left"),
    *("earrings", "freckles", "flowers"),  # these three may be hidden by hair or beard
)
SIZES = (64, 32)


class Faces(InMemory):
    """6,000 grey faces: 5,400 to train on, 600 to test on. Licence: embedded/NOTICE.

    Drawn from the same parts in ever other combinations, so test faces are new combinations and no new drawings.
    A face that is `facing_left` is its drawing mirrored: do not flip where that attribute matters.

    Attributes:
        parts: the names of the masks of parts.

    Args:
        split: "train" or "test". Every tenth face, from the first on, is in the test split.
        size: 64, or 32: the mean of each 2 x 2 pixels.
        attributes: those of `ATTRIBUTES` whose combinations are the classes: k of them make 2 ** k classes, of which
            the first attribute is the most significant bit. By default there are no labels.
        correlated: two attributes and a number, ("glasses", "beard", 0.4): faces are picked so that both correlate like that,
            of which there are fewer. In the data themselves attributes are independent.
    """

    parts = PARTS

    def __init__(
        self,
        split: str = "train",
        size: int = 64,
        attributes: Sequence[str] = (),
        correlated: Sequence[str | float] = (),
    ):
        attributes = (attributes,) if isinstance(attributes, str) else tuple(attributes)
        one_of(split, ("train", "test"), "faces: split")
        if size not in SIZES:
            raise ValueError(f"faces: size is 64 or 32, not {size!r}; data.shape may ask for another, made from these.")
        for name in attributes:
            one_of(name, ATTRIBUTES, "faces: attribute")
        if len(set(attributes)) < len(attributes):
            raise ValueError(f"faces: attributes {', '.join(attributes)}: each of them can be named once.")
        folder = resources.files("gan_jax.data") / "embedded"
        facts = json.loads((folder / "lorelei_64.json").read_text(encoding="utf-8"))
        self._chosen = np.flatnonzero((np.arange(facts["count"]) % 10 == 0) == (split == "test"))
        table = {name: _bits(facts["attributes"][name])[self._chosen] for name in ATTRIBUTES}
        if correlated:
            picked = _picked(table, correlated)
            self._chosen, table = self._chosen[picked], {name: column[picked] for name, column in table.items()}
        self.size, self._variants = size, {group: np.array(drawn) for group, drawn in facts["variants"].items()}
        sheet = decode((folder / "lorelei_64.png").read_bytes(), "lorelei_64.png")[..., :1]  # grey: all channels alike
        tile, columns = facts["tile"], facts["columns"]
        tiles = sheet.reshape(-1, tile, columns, tile, 1).swapaxes(1, 2).reshape(-1, tile, tile, 1)  # [rows * columns]
        planted = f", correlated={tuple(correlated)}" if correlated else ""
        name = f"Faces(split={split!r}, size={size}, attributes={attributes}{planted})"
        labels = _combination([table[each] for each in attributes]) if attributes else None
        super().__init__(_at(size, tiles[self._chosen]), labels, _names(attributes), name, table)

    def part_masks(self, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """bool [n, 5, size, size]: where the hair, eyes, glasses, beard and mouth of these faces are, by default of all.

        In the order of `face_parts.PARTS`. Of a part that lies behind another only what shows; the glasses' mask is
        frame and lenses, so it overlaps the eyes.
        """
        indices = np.arange(len(self)) if indices is None else np.asarray(indices)
        variants = {group: drawn[self._chosen[indices]] for group, drawn in self._variants.items()}
        has = dict(zip(self.attribute_names, self.attribute_table()[indices].T, strict=True))
        return part_masks(variants, has["flowers"], has["facing_left"], self.size)


def _picked(table: dict[str, np.ndarray], correlated: Sequence[str | float]) -> np.ndarray:
    """Which faces are kept."""
    if len(correlated) != 3 or not isinstance(correlated[2], int | float):
        raise ValueError(
            f"faces: correlated is two attributes and a number, ('glasses', 'beard', 0.4), not {correlated!r}."
        )
    first, second, number = correlated
    for name in (first, second):
        one_of(name, ATTRIBUTES, "faces: attribute")
    if first == second:
        raise ValueError(f"faces: {first} correlates with itself; name two attributes.")
    return correlated_indices(table[str(first)], table[str(second)], float(number))


def _bits(text: str) -> np.ndarray:
    """bool [N] from a string of "0" and "1"."""
    return np.frombuffer(text.encode(), np.uint8) == ord("1")


def _at(size: int, images: np.ndarray) -> np.ndarray:
    """uint8 [N, 64, 64, 1] -> [N, size, size, 1], halves rounded up."""
    if size == images.shape[1]:
        return images
    blocks = images.reshape(len(images), size, 2, size, 2, 1).astype(np.uint16)
    return ((blocks.sum((2, 4)) + 2) // 4).astype(np.uint8)


def _combination(columns: Sequence[np.ndarray]) -> np.ndarray:
    """The number whose binary digits are the columns, the first of them the most significant: int [N]."""
    return sum(column.astype(np.int32) << place for place, column in enumerate(reversed(columns)))


def _names(attributes: Sequence[str]) -> list[str]:
    """Of the classes: "no glasses and no beard", "no glasses and beard", ..."""
    either = [(f"no {name}", name) for name in attributes]
    return [" and ".join(names) for names in itertools.product(*either)] if attributes else []

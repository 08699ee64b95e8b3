"""The named layers of a function of one's own: it hands each activation over, and takes it back as it is to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_jax.game import Edit
from gan_jax.nn.tap import edited


class Layers:
    """`layer` in generate(z, layer): x = layer("block1", x) gives an activation [n, *space, C] a name.

    x comes back edited where an edit of that name is there, and of its kind: a NumPy array where it was none of JAX's.
    seen: the activations by name, after edits. Raises ValueError for a name that is given twice.
    """

    def __init__(self, edits: Mapping[str, Edit] | None = None, in_numpy: bool = False):
        self.seen: dict[str, Any] = {}
        self._edits, self._in_numpy = edits or {}, in_numpy

    def __call__(self, name: str, x: Any) -> Any:
        if name in self.seen:
            raise ValueError(f"the function calls layer({name!r}, ...) twice: each layer has a name of its own")
        if self._in_numpy:
            x = np.asarray(x, np.float32)
        if getattr(x, "ndim", 0) < 2:
            raise ValueError(f"layer({name!r}, x) takes an activation [n, *space, C], not {type(x).__name__}")
        if name in self._edits:
            x = (_edited_in_numpy if self._in_numpy else edited)(x, self._edits[name], name)
        self.seen[name] = x
        return x


def _edited_in_numpy(x: np.ndarray, edit: Edit, name: str) -> np.ndarray:
    """`gan_jax.nn.tap.edited` without JAX, which must not be called from inside of its own programs."""
    where, scale, shift = (np.asarray(each, np.float32) for each in edit)
    return np.where(where == 0, x, x + where * (x * (scale - 1) + shift))

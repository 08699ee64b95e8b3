"""Reading networks with equalised learning rate and those of styles, whose layers are stored unscaled.

Each kernel is stored as it is here but for a factor, where the two projects scale it otherwise at each use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.architectures.parts.mapping import Mapping
from gan_jax.foreign.reading import Reading
from gan_jax.types import PyTree

_SAMPLES = 10_000  # latents whose w are averaged
_CELLS = 4  # the side of level 0


class EqualizedReading(Reading):
    """`Reading` for layers that are parameters here, each of them by its path and by the full name of the entry."""

    def leave_out(self, *prefixes: str) -> None:
        """Forgets the entries of layers that are not wanted."""
        self._state = {name: array for name, array in self._state.items() if not name.startswith(prefixes)}

    def kernel(self, ours: str, theirs: str, times: float = 1.0, order: str = "OI", flipped: bool = False) -> None:
        """A convolution's, [O, I, *window] -> [*window, I, O], times a number.

        order: of their axes before the window's, "OI" or "IO", with "1" for one of length 1. flipped: in space, which
        PyTorch's transposed convolutions are.
        """
        *window, inputs, outputs = self.shape_of(ours)
        sizes = {"O": outputs, "I": inputs, "1": 1}
        array = self.take(theirs, (*(sizes[axis] for axis in order), *window)).reshape(
            *(sizes[axis] for axis in order if axis != "1"), *window
        )
        if order.endswith("OI"):
            array = np.swapaxes(array, 0, 1)
        array = np.moveaxis(array, (0, 1), (-2, -1))
        if flipped:
            array = np.flip(array, range(len(window)))
        self.put(ours, array * times)

    def matrix(self, ours: str, theirs: str, times: float = 1.0, map_shape: tuple = (), window: bool = False) -> None:
        """A dense layer's, [O, I] -> [I, O], times a number.

        map_shape: [h, w, C] of its inputs, where theirs are [C, h, w]; window: and theirs is a convolution [O, C, h, w].
        """
        inputs, outputs = self.shape_of(ours)
        height, width, channels = map_shape or (1, 1, inputs)
        of_map = (outputs, channels, height, width)
        array = self.take(theirs, of_map if window else (outputs, inputs)).reshape(of_map)
        self.put(ours, array.transpose(2, 3, 1, 0).reshape(inputs, outputs) * times)

    def map(self, ours: str, theirs: str, before: tuple = (), after: tuple = ()) -> None:
        """A map of numbers, [C, h, w] -> [h, w, C]. before: lengths of their axes before those; after: after C."""
        height, width, channels = self.shape_of(ours)
        array = self.take(theirs, (*before, channels, *after, height, width)).reshape(channels, height, width)
        self.put(ours, np.moveaxis(array, 0, -1))

    def filter(self, name: str, filter: Sequence[float], gain: float = 1.0, channels: int = 0) -> None:
        """A filter that is stored beside the weights must be this one, along both axes; channels: one for each."""
        row = np.asarray(filter, np.float32) / sum(filter)
        wanted = np.outer(row, row) * gain
        if channels:
            wanted = np.broadcast_to(wanted, (channels, 1, *wanted.shape))
        if self.shape_fits(name, wanted.shape) and not np.allclose(self.take(name, wanted.shape), wanted, atol=1e-4):
            self.refuse([f"{name} is not the filter {list(filter)} along each axis, which our network has"])


def channels(reading: Reading, widths: Sequence[int]) -> dict[str, Any]:
    """The settings channel_base and channel_max of levels of these widths, the smallest image's first."""
    base, most = widths[-1] * (_CELLS << (len(widths) - 1)), widths[0]
    expected = [min(base // (_CELLS << level), most) for level in range(len(widths))]
    if expected != list(widths):
        reading.refuse(
            [f"widths of the levels are {list(widths)}, which halve otherwise than channel_base / size, at most {most}"]
        )
    return {"channel_base": base, "channel_max": most}


def with_average(variables: PyTree, mapping: Mapping) -> PyTree:
    """The variables with the average of w, for truncation, that their project computes when it samples.

    Here it is the average of 10,000 fixed latents.
    """
    params = variables["params"]["mapping"] if "mapping" in variables["params"] else {}
    first = params["layer0"]["kernel"].shape[0] if params else mapping.features
    z = jax.random.normal(jax.random.key(0), (_SAMPLES, first))
    w = jnp.mean(mapping.apply({"params": params}, z), 0)
    return {**variables, "averages": {"w": np.asarray(w, np.float32)}}


def level_of_size(reading: Reading, size: int, largest: int = 1024) -> int:
    """The level of images of this side: 0 at 4 pixels. Raises ValueError for a side their network does not make."""
    level = int(math.log2(max(size // _CELLS, 1)))
    if size != _CELLS << level or size > largest:
        raise ValueError(
            f"{reading.network} makes images of 4, 8, 16, ... or {largest} pixels a side, not {size}: set data.shape"
        )
    return level

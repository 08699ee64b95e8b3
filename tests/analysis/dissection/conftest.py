"""A generator made by hand, whose units paint known squares."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.analysis.segmentation import Colour, by_colour
from gan_jax.nn.tap import edited, require_taps

SIDE = 8  # of the layer; images are twice as large
RED, OTHER_RED, GREEN, DECOY, CHANCE = range(5)  # units
SQUARES = {RED: (1, 1), OTHER_RED: (1, 1), GREEN: (5, 4), DECOY: (1, 1)}  # top and left, of 2 x 2 places
PAINTS = np.zeros((5, 3), np.float32)  # of each unit, a colour
PAINTS[RED, 0] = PAINTS[OTHER_RED, 0] = 1
PAINTS[GREEN, 1] = 1


def shapes():
    """[8, 8, 5]: 1 where a unit paints."""
    maps = np.zeros((SIDE, SIDE, 5), np.float32)
    for unit, (top, left) in SQUARES.items():
        maps[top : top + 2, left : left + 2, unit] = 1
    return maps


class Painter(struct.PyTreeNode):
    """Black images of 16 x 16 with a red square (z_0 > 0), which two units paint, and a green one (z_1 > 0), which one does.

    A third unit is on where the red ones are, and paints nothing; a fourth is chance, and paints nothing.
    """

    maps: Any
    given: tuple = struct.field(pytree_node=False, default=())
    target: str = struct.field(pytree_node=False, default="image")
    num_classes: int = struct.field(pytree_node=False, default=0)

    def starts(self, key, indices, given=None):
        one = lambda i: jax.random.normal(jax.random.fold_in(key, i), (2 + SIDE * SIDE,))
        return {"z": jax.vmap(one)(indices)}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        require_taps(taps, {"units": None})
        require_taps(tuple(edits or ()), {"units": None})
        z = codes["z"]
        red, green = (z[:, i].reshape(-1, 1, 1) > 0 for i in range(2))
        on = jnp.stack([red, red, green, red, red & False], -1)
        x = 0.45 * on * self.maps[None] * jnp.asarray([1, 1, 2, 1, 1], jnp.float32).reshape(1, 1, 1, 5)
        x = x.at[..., CHANCE].set(z[:, 2:].reshape(-1, SIDE, SIDE))
        if edits:
            x = edited(x, edits["units"], "units")
        painted = jnp.clip(jnp.einsum("nhwc,cr->nhwr", jnp.maximum(x, 0), PAINTS), 0, 1)
        images = 2 * jnp.repeat(jnp.repeat(painted, 2, 1), 2, 2) - 1
        return images, ({"units": x} if taps else {})


@pytest.fixture(autouse=True)
def parts_of_ten(monkeypatch):
    """Samples are drawn ten images at a time: one program for many tests."""
    monkeypatch.setattr("gan_jax.analysis.dissection.tally.AT_ONCE", 10)


@pytest.fixture
def painter():
    return Painter(jnp.asarray(shapes()))


@pytest.fixture(scope="session")
def colours():
    return by_colour(
        {"red": Colour((330, 30), (0.3, 1)), "green": Colour((90, 150), (0.3, 1)), "blue": Colour((210, 270), (0.3, 1))}
    )

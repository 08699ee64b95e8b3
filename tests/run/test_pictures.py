"""How much samples differ, beside real elements that may not differ at all."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.game import Phase
from gan_jax.run.pictures import Pictures, mean_distance
from gan_jax.runtime.mesh import make_mesh


class _Constant(struct.PyTreeNode):
    """Draws what it holds."""

    made: object
    given: tuple = struct.field(pytree_node=False, default=())
    target: str = struct.field(pytree_node=False, default="image")
    num_classes: int = struct.field(pytree_node=False, default=0)

    def starts(self, key, indices, given=None):
        return {"index": indices}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        return self.made[codes["index"]], {}


class _Game:
    def __init__(self, made):
        self._made = jnp.asarray(made, jnp.float32)

    def samplers(self, state, phase):
        return {"image": _Constant(self._made)}


def drawn(made, real, folder):
    made, real = (np.broadcast_to(np.asarray(each, np.float32), (9, 4, 4, 1)) for each in (made, real))
    pictures = Pictures(_Game(made), make_mesh(), 0, 9, {"image": real})
    return pictures.draw(None, Phase((4, 4, 1), 9), folder, 5)


def test_copies_are_at_distance_0():
    image = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    assert mean_distance(np.repeat(image, 64, 0)) == 0
    assert mean_distance(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(5 / np.sqrt(2))


def test_reals_that_are_all_alike_are_nothing_to_compare_with(tmp_path):
    image = np.random.default_rng(0).uniform(-1, 1, (1, 4, 4, 1))
    many = np.random.default_rng(1).uniform(-1, 1, (9, 4, 4, 1))
    for made in (image, many):
        found = drawn(made, image, tmp_path)
        assert found.alike and not found.metrics and not found.collapsed
    for real in (many, image + 0.01 * many):  # a level of 8 bits is 0.0078
        found = drawn(image, real, tmp_path)
        assert found.metrics == {"samples/distance": 0.0} and found.collapsed and not found.alike

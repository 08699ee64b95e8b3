"""Reflection at the borders, against numpy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv.reflect import reflect


@pytest.mark.parametrize(("shape", "margin"), [((2, 5, 4, 3), 1), ((1, 7, 1), 3), ((1, 3, 2, 4, 2), 1)])
def test_it_is_numpys(shape, margin):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    around = [(0, 0), *[(margin, margin)] * (len(shape) - 2), (0, 0)]
    np.testing.assert_array_equal(reflect(jnp.asarray(x), margin), np.pad(x, around, mode="reflect"))


def test_its_gradient_scatters_nothing():
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(reflect(x, 1) ** 2)))
    assert "scatter" not in gradient.lower(jnp.zeros((1, 4, 4, 1))).as_text()


def test_a_margin_as_large_as_a_side_is_refused():
    with pytest.raises(ValueError, match="needs more of them"):
        reflect(jnp.zeros((1, 2, 5, 1)), 2)

"""What the tests of the layers share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def check_gradients(rng):
    """Holds reverse-mode first and second derivatives of f(*args) against central differences, in float64.

    A random weighting of f's outputs makes it a number; the differences are taken along two random directions.
    """

    def check(f, *args, step=1e-4):
        with jax.enable_x64(True):
            args = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), args)
            at, unravel = ravel_pytree(args)
            at, weights = np.asarray(at), [rng.normal(size=y.shape) for y in jax.tree.leaves(jax.eval_shape(f, *args))]

            def value(at):
                return sum(jnp.vdot(w, y) for w, y in zip(weights, jax.tree.leaves(f(*unravel(at))), strict=True))

            @jax.jit
            def derivatives(at, along):
                """[], [n], [n]: f, its gradient, and its Hessian times `along`."""
                along_gradient = lambda at: jnp.vdot(along, jax.grad(value)(at))
                return value(at), jax.grad(value)(at), jax.grad(along_gradient)(at)

            for along in rng.normal(size=(2, at.size)):
                after, before = derivatives(at + step * along, along), derivatives(at - step * along, along)
                _, gradient, second = derivatives(at, along)
                slope, bend = ((a - b) / (2 * step) for a, b in zip(after[:2], before[:2], strict=True))
                np.testing.assert_allclose(np.vdot(gradient, along), slope, rtol=1e-6, atol=1e-6)
                np.testing.assert_allclose(second, bend, rtol=1e-5, atol=1e-5 * np.abs(bend).max())

    return check

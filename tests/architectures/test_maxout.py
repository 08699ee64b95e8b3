"""PacGAN's networks for points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import maxout
from gan_jax.architectures.packed import Packed


def count(module, *args, **kwargs):
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *args, **kwargs))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])), shapes


def test_sizes_are_the_papers():
    """G: 2 x 400, 3 of 400 x 400 without bias, 4 norms, 400 x 2 + 2. D: 2m x 1000 + 1000, 2 of 200 x 1000 + 1000, 201."""
    assert count(maxout.Generator((2,)), jnp.zeros((4, 2)))[0] == 800 + 3 * 160_000 + 4 * 800 + 802
    points = jnp.zeros((12, 2))
    for m in (1, 2, 3, 4):
        plain = maxout.Discriminator((2,))
        module = plain if m == 1 else Packed(plain, m, (2,))
        assert count(module, points, train=True)[0] == 2 * m * 1000 + 1000 + 2 * 201_000 + 201
        verdict = jax.eval_shape(
            lambda module=module: module.init_with_output(jax.random.key(0), points, train=True)[0]
        )
        assert verdict.logits.shape == (12 // m,) and verdict.features["pooled"].shape == (12 // m, 200)


def test_a_unit_is_the_largest_of_its_pieces():
    module = maxout.Discriminator((2,), (3,), 2)
    points = jnp.asarray(np.random.default_rng(0).normal(size=(5, 2)), jnp.float32)
    variables = module.init(jax.random.key(0), points)
    p = variables["params"]
    linear = np.asarray(points @ p["hidden0"]["kernel"] + 0.0).reshape(5, 3, 2)
    pooled = np.maximum(linear[..., 0], linear[..., 1])
    verdict = module.apply(variables, points)
    np.testing.assert_allclose(verdict.features["pooled"], pooled, atol=1e-6)
    np.testing.assert_allclose(verdict.logits, pooled @ np.asarray(p["head"]["kernel"])[:, 0], atol=1e-6)


def test_one_piece_is_refused():
    with pytest.raises(ValueError, match="pieces must be a whole number from 2 on"):
        maxout.Discriminator((2,), pieces=1)

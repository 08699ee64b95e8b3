"""Walks stop where they should, and go the short way between."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.walks import on_the_way, places
from gan_jax.game import sampled
from gan_jax.nn.compiling import compiled
from gan_jax.nn.sphere import slerp

KEY = jax.random.key(2)
made_at_once = compiled(lambda sampler, codes: sampler.synthesize(codes)[0], quick=True)


def test_slerp_turns_evenly():
    """By hand: from (2, 0) to (0, 4) a half of the way is at 45 degrees and of length 3."""
    a, b = jnp.array([[2.0, 0.0]]), jnp.array([[0.0, 4.0]])
    np.testing.assert_allclose(slerp(a, b, jnp.array([0.5])), [[3 / np.sqrt(2)] * 2], rtol=1e-6)
    np.testing.assert_allclose(slerp(a, b, jnp.array([0.0])), a, atol=1e-6)
    np.testing.assert_allclose(slerp(a, b, jnp.array([1.0])), b, atol=1e-6)
    same = slerp(a, 3 * a, jnp.array([0.25]))
    np.testing.assert_allclose(same, [[3.0, 0.0]], rtol=1e-6)
    assert np.isfinite(jax.grad(lambda t: slerp(a, 3 * a, t).sum())(jnp.array([0.25]))).all()


@pytest.mark.parametrize(("name", "space"), [("styled", "w"), ("styled", "z"), ("plain", "z")])
def test_a_walk_goes_by_its_stops(name, space, request):
    sampler = request.getfixturevalue(name)
    found, codes = places(sampler, KEY, jnp.arange(3), space)
    assert found == space
    rest = {k: jnp.repeat(v[:1], 3, 0) if k == "noise" else v for k, v in codes.items()}  # the first's noise throughout
    with jax.debug_key_reuse(False):
        stops = np.asarray(made_at_once(sampler, sampler.map(rest) if space == "z" else rest))
    loop = list(on_the_way(sampler, space, codes, frames=7))
    assert len(loop) == 21
    np.testing.assert_allclose(np.stack(loop[::7]), stops, rtol=1e-4, atol=1e-5)
    there = list(on_the_way(sampler, space, codes, frames=7, loop=False))
    assert len(there) == 15
    np.testing.assert_allclose(there[-1], stops[-1], rtol=1e-4, atol=1e-5)
    steps = [np.abs(a - b).max() for a, b in zip(there, there[1:], strict=False)]
    assert 0 < max(steps) < np.abs(stops[0] - stops[1]).max()


def test_the_space_is_w_where_there_is_one(styled, plain):
    assert places(styled, KEY, jnp.arange(2))[0] == "w"
    assert places(plain, KEY, jnp.arange(2))[0] == "z"
    np.testing.assert_array_equal(
        sampled(plain, KEY, jnp.arange(2))[0], plain.synthesize(places(plain, KEY, jnp.arange(2))[1])[0]
    )
    with pytest.raises(ValueError, match="no space 'w' to walk in; it has z"):
        places(plain, KEY, jnp.arange(2), "w")
    codes = places(plain, KEY, jnp.arange(2))[1]
    with pytest.raises(ValueError, match="2 stops or more"):
        list(on_the_way(plain, "z", {k: v[:1] for k, v in codes.items()}, 3))

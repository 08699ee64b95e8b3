"""Sums of latents and codes, against those worked out here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.arithmetic import Sum, parse_sum, sums_grid
from gan_jax.analysis.walks import places
from gan_jax.nn.compiling import compiled

KEY = jax.random.key(2)
made_at_once = compiled(lambda sampler, codes: sampler.synthesize(codes)[0], quick=True)


def test_sums_are_read():
    assert parse_sum("0-1+2") == Sum((0,), (1,), (2,))
    assert parse_sum("0/4/7-1/2+3") == Sum((0, 4, 7), (1, 2), (3,))
    for wrong in ("", "0", "0-1", "0+1-2", "0-1+2+3", "0-1-2+3", "a-b+c", "0-1+2/", "-1-1+2", f"0-1+{2**32}"):
        with pytest.raises(ValueError, match="a sum is of elements by number, such as 0-1"):
            parse_sum(wrong)


@pytest.mark.parametrize(("name", "space"), [("styled", "w"), ("styled", "z"), ("plain", "z")])
def test_a_row_is_the_terms_and_their_sum(name, space, request):
    sampler = request.getfixturevalue(name)
    grid = sums_grid(sampler, KEY, [Sum((5,), (1, 3), (0,)), Sum((2,), (2,), (4,))], space)
    assert grid.shape == (8, 8, 8, 1)

    _, codes = places(sampler, KEY, jnp.arange(6), space)
    x = codes[space]
    mean = (x[1] + x[3]) / 2
    wanted = {**codes, space: jnp.stack([x[5], mean, x[0], x[5] - mean + x[0]])}
    if "noise" in wanted:
        wanted["noise"] = jnp.repeat(codes["noise"][5:6], 4)
    wanted = {name: leaf for name, leaf in wanted.items() if name == space or name == "noise"}
    with jax.debug_key_reuse(False):
        images = np.asarray(made_at_once(sampler, sampler.map(wanted) if space == "z" else wanted))
    np.testing.assert_allclose(grid[:4], images, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grid[7], grid[6], rtol=1e-4, atol=1e-5)  # a - a + c
    assert np.abs(grid[3] - grid[0]).max() > 1e-3


def test_a_space_that_there_is_not(plain):
    with pytest.raises(ValueError, match="no space 'w'"):
        sums_grid(plain, KEY, [Sum((0,), (1,), (2,))], "w")

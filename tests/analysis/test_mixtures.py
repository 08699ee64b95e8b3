"""Mixing grids and truncation grids: which image stands where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.mixtures import layers_of, mixed, mixing_grid, truncation_grid
from gan_jax.analysis.noise import noise_deviation
from gan_jax.game import sampled
from gan_jax.methods.samplers import with_noise
from gan_jax.methods.truncation import truncated
from gan_jax.nn.compiling import compiled

KEY = jax.random.key(2)
sampled_at_once = compiled(sampled, quick=True)
made_at_once = compiled(lambda sampler, codes: sampler.synthesize(codes)[0], quick=True)


def images_of(sampler, indices):
    return np.asarray(sampled_at_once(sampler, KEY, jnp.asarray(indices, jnp.uint32))[0])


def test_layers_by_name_and_by_number():
    assert [layers_of(which, 18) for which in ("coarse", "middle", "fine", "all", "3:7")] == [
        (0, 4),
        (4, 8),
        (8, 18),
        (0, 18),
        (3, 7),
    ]
    assert layers_of("middle", 6) == (4, 6)
    for which in ("fine", "5:9", "4:4", "some", "-1:2"):
        with pytest.raises(ValueError, match=r"layers"):
            layers_of(which, 6)
    for which, layers in (("middle", 4), ("fine", 8)):
        with pytest.raises(ValueError, match=f"{which} ones begin at {layers}: take coarse, all, or such as"):
            layers_of(which, layers)
    with pytest.raises(ValueError, match="'5:3' names none"):
        layers_of("5:3", 6)


def test_a_mixing_grid_is_a_table_of_sources_and_mixtures(styled):
    grid = mixing_grid(styled, KEY, [0, 1], [5, 6, 7], "2:4").reshape(3, 4, 8, 8, 1)
    assert (grid[0, 0] == -1).all()
    np.testing.assert_allclose(grid[0, 1:], images_of(styled, [5, 6, 7]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grid[1:, 0], images_of(styled, [0, 1]), rtol=1e-4, atol=1e-5)
    codes = styled.map(styled.starts(KEY, jnp.array([1, 6], jnp.uint32)))
    one, other = ({k: v[i : i + 1] for k, v in codes.items()} for i in range(2))
    both = np.concatenate([one["w"][:, :2], other["w"][:, 2:]], 1)
    expected = made_at_once(styled, {**one, "w": jnp.asarray(both)})[0]
    np.testing.assert_allclose(grid[2, 2], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(mixed(one, other, 2, 4)["w"], both)


def test_mixing_needs_codes(plain):
    with pytest.raises(ValueError, match="no codes w"):
        mixing_grid(plain, KEY, [0], [1], "coarse")


def test_a_truncation_grid_has_an_element_a_row(styled):
    grid = truncation_grid(truncated, styled, KEY, [3, 4], [1.0, 0.5, 0.0]).reshape(2, 3, 8, 8, 1)
    np.testing.assert_allclose(grid[:, 0], images_of(styled, [3, 4]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grid[:, 1], images_of(truncated(styled, 0.5), [3, 4]), rtol=1e-4, atol=1e-5)
    assert np.abs(grid[0, 2] - grid[1, 2]).max() < np.abs(grid[0, 0] - grid[1, 0]).max()


def test_noise_deviates_as_much_as_its_draws_do(styled, plain):
    images, spread = noise_deviation(styled, KEY, jnp.arange(2), draws=5)
    np.testing.assert_allclose(images, images_of(styled, [0, 1]), rtol=1e-4, atol=1e-5)
    codes, drawn = styled.map(styled.starts(KEY, jnp.arange(2))), []
    for key in jax.random.split(jax.random.fold_in(KEY, 1), 5):
        noise = jax.vmap(lambda i, key=key: jax.random.fold_in(key, i))(jnp.arange(2))
        drawn.append(np.asarray(made_at_once(styled, {**codes, "noise": noise})).mean(-1, keepdims=True))
    np.testing.assert_allclose(spread, np.std(drawn, 0), rtol=1e-2, atol=1e-4)
    still = noise_deviation(with_noise(styled, "none"), KEY, jnp.arange(2), draws=3)[1]
    assert still.max() < 1e-3
    with pytest.raises(ValueError, match="no layer of this generator draws noise"):
        noise_deviation(plain, KEY, jnp.arange(2))
    with pytest.raises(ValueError, match="2 draws or more"):
        noise_deviation(styled, KEY, jnp.arange(2), draws=1)

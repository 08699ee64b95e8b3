"""Sums of latents by hand, and grids between four."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.latent_space.arithmetic import latent_sum, table_of
from gan_jax.analysis.latent_space.grid import corner_grid, steps_of
from gan_jax.analysis.mixtures import _made as made

KEY = jax.random.key(2)


def codes_of(sampler, indices):
    return sampler.map(sampler.starts(KEY, jnp.asarray(indices, jnp.uint32)))


def test_a_sum_in_z_is_that_of_the_means(plain):
    found = latent_sum(plain, KEY, [0, 1], [2], [3, 4])
    z = np.asarray(codes_of(plain, range(5))["z"])
    expected = z[:2].mean(0) - z[2] + z[3:].mean(0)
    np.testing.assert_allclose(found.codes["z"], expected[None], rtol=1e-5)
    np.testing.assert_allclose(found.image, made(plain, {"z": jnp.asarray(expected[None])})[0], atol=1e-5)
    np.testing.assert_allclose(found.means[1], found.members["b"][0], atol=1e-5)  # the mean of one is itself
    usual = np.sqrt(np.mean(np.sum(z**2, 1)))
    np.testing.assert_allclose(found.lengths[[1, 3]], np.linalg.norm([z[2], expected], axis=1) / usual, rtol=1e-5)


def test_a_sum_in_w_is_of_codes(mapped):
    found = latent_sum(mapped, KEY, [0], [1], [2])
    w = np.asarray(codes_of(mapped, range(3))["w"])
    assert found.space == "w"
    np.testing.assert_allclose(found.codes["w"][0], w[0] - w[1] + w[2], rtol=1e-4, atol=1e-5)


def test_adding_and_taking_away_the_same_changes_nothing(plain):
    found = latent_sum(plain, KEY, [3], [3], [1])
    np.testing.assert_allclose(found.image, found.members["c"][0], atol=1e-5)


def test_the_table_has_a_row_a_group(plain):
    tiles, across = table_of(latent_sum(plain, KEY, [0, 1, 2], [3], [4]))
    assert across == 4 and tiles.shape == (16, 8, 8, 1)
    assert (tiles[[5, 6, 9, 10, 12, 13, 14]] == -1).all()


def test_an_empty_group_is_said(plain):
    with pytest.raises(ValueError, match="one of them is empty"):
        latent_sum(plain, KEY, [0], [], [1])


@pytest.mark.parametrize(("name", "space"), [("plain", "z"), ("mapped", "w")])
def test_corners_are_the_samples(name, space, request):
    sampler = request.getfixturevalue(name)
    grid = corner_grid(sampler, KEY, (5, 6, 7, 8), 3).reshape(3, 3, 8, 8, 1)
    codes = codes_of(sampler, [5, 6, 7, 8])
    corners = np.asarray(made(sampler, codes))
    np.testing.assert_allclose(grid[[0, 0, 2, 2], [0, 2, 0, 2]], corners, atol=1e-4)
    if space == "w":
        middle = {"w": codes["w"].mean(0, keepdims=True)}
        np.testing.assert_allclose(grid[1, 1], np.asarray(made(sampler, middle))[0], atol=1e-4)


def test_steps_by_hand():
    across, down = steps_of(np.array([0.0, 1.0, 3.0, 3.0]).reshape(4, 1, 1, 1), 2)
    np.testing.assert_allclose(across, [[1.0], [0.0]])
    np.testing.assert_allclose(down, [[3.0, 2.0]])


def test_a_grid_of_one_is_refused(plain):
    with pytest.raises(ValueError, match="4 corners, 2 images or more a side"):
        corner_grid(plain, KEY, (0, 1, 2, 3), 1)

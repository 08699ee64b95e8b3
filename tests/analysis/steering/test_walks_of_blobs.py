"""A generator that shifts, enlarges and lightens by one latent each: steering finds that latent."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.steering.linear import learn_linear
from gan_jax.analysis.steering.monotone import fit_monotone
from gan_jax.analysis.steering.reach import growing, reach, slope_of
from gan_jax.analysis.steering.trajectories import Trajectories, find_trajectories
from gan_jax.analysis.steering.transformations import transformation
from gan_jax.analysis.steering.walk import Ground, Linear, Monotone, ground

KEY = jax.random.key(0)
AMOUNTS = np.linspace(-0.2, 0.2, 5)
FRESH = np.arange(5000, 5012)


@pytest.mark.parametrize(("name", "latent"), [("shift_x", 0), ("shift_y", 1), ("zoom", 2), ("brightness", 3)])
def test_a_straight_walk_is_the_latent_that_does_it(blobs, name, latent):
    change = transformation(name, 1)
    walk, history = learn_linear(blobs, ground(blobs, KEY), KEY, change, num=2000, rate=0.05, progress=False)
    assert history.shape == (500,) and history[-20:].mean() < 0.8 * history[:20].mean()
    np.testing.assert_allclose(walk.vector, np.eye(4)[latent], atol=0.05)
    found = reach(blobs, ground(blobs, KEY), walk, change, KEY, FRESH, AMOUNTS)
    assert found.slope == pytest.approx(found.ceiling, rel=0.06)
    assert found.correlation > (
        0.97 if name == "zoom" else 0.99
    )  # of 16 pixels, sizes are measured less finely than places
    assert found.holds == pytest.approx((-0.2, 0.2))
    if name.startswith("shift"):
        other = {"place_x": "place_y", "place_y": "place_x"}[change.factor]
        assert found.slope == pytest.approx(1, abs=0.06) and abs(found.others[other]) < 0.1


def test_a_rising_map_is_the_latent_that_does_it(blobs):
    change = transformation("shift_x", 1)
    found = find_trajectories(blobs, Ground("z"), KEY, change, num=12, amounts=(0.1, 0.2), progress=False)
    assert found.points.shape == (12, 4, 4) and found.images.shape == (12, 4, 16, 16, 1)
    np.testing.assert_allclose(found.amounts, [-0.2, -0.1, 0.1, 0.2])
    moved = found.points - found.start[:, None]
    np.testing.assert_allclose(moved[..., 0], np.tile(found.amounts, (12, 1)), atol=0.03)
    assert np.median(found.errors) < 1e-3
    walk, explained = fit_monotone(found, KEY, epochs=200, batch_size=8)
    assert explained > 0.97 and np.all(np.diff(walk.values) > 0)
    np.testing.assert_allclose(walk.vector, [1, 0, 0, 0], atol=0.05)
    measured = reach(blobs, Ground("z"), walk, change, KEY, FRESH, AMOUNTS)
    assert measured.slope == pytest.approx(1, abs=0.15) and measured.correlation > 0.98


def test_latents_stay_where_normal_ones_lie(blobs):
    change = transformation("brightness", 1)
    start = blobs.starts(KEY, jnp.arange(2, dtype=jnp.uint32))["z"]
    found = find_trajectories(blobs, Ground("z"), KEY, change, num=2, amounts=(5.0,), rate=0.5, progress=False)
    assert np.linalg.norm(found.points, axis=-1).max() <= 2 + 1e-5  # sqrt(4)
    np.testing.assert_allclose(found.start, start)


def test_the_decile_of_largest_errors_is_left_out():
    """10 of 100 pairs say nonsense, and have the largest errors."""
    rng = np.random.default_rng(0)
    start, amounts = rng.normal(size=(50, 3)).astype(np.float32), np.array([-0.5, 0.5], np.float32)
    points = start[:, None] + amounts[:, None] * np.array([0, 1, 0], np.float32)
    errors = rng.uniform(0, 1, (50, 2))
    points[:5] += np.array([100, 0, 0], np.float32)
    errors[:5] += 1
    blank = np.zeros((50, 2, 1, 1, 1))
    walk, explained = fit_monotone(Trajectories(start, points, amounts, errors, blank, blank), KEY, epochs=300)
    np.testing.assert_allclose(walk.vector, [0, 1, 0], atol=0.05)
    assert explained > 0.95
    with pytest.raises(ValueError, match="10 pairs or more"):
        fit_monotone(Trajectories(start[:2], points[:2], amounts, errors[:2], blank, blank), KEY)


def test_a_rising_map_is_undone_by_its_inverse():
    """By hand: slopes 1 and 2, from (0, 0) over (1, 1) to (2, 3); on beyond both ends."""
    walk = Monotone(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(walk.amount(jnp.array([-1.0, 0.5, 1.5, 3.0])), [-1, 0.5, 2, 5], rtol=1e-5)
    np.testing.assert_allclose(walk.place(jnp.array([-1.0, 0.5, 2.0, 5.0])), [-1, 0.5, 1.5, 3], rtol=1e-5)
    moved = walk.offsets(jnp.array([[0.5, 7.0]]), jnp.array([1.5]))  # g: 0.5 -> 2, which is at 1.5
    np.testing.assert_allclose(moved, [[1.0, 0.0]], rtol=1e-5)


def test_layers_that_are_not_walked_stay():
    where, codes = Ground("w", (1, 3)), {"w": jnp.ones((2, 4, 5))}
    walk = Linear(jnp.arange(5.0))
    moved = where.moved(None, codes, walk.offsets(where.points(codes), jnp.array([1.0, 2.0])))["w"] - 1
    np.testing.assert_allclose(moved[:, [0, 3]], 0, atol=1e-6)
    np.testing.assert_allclose(moved[1, 1:3], np.tile(2 * np.arange(5.0), (2, 1)), atol=1e-5)


def test_slope_and_correlation_by_hand():
    assert slope_of(np.array([-1.0, 0.0, 1.0]), np.array([[-2.0, 0.0, 2.0], [np.nan, 0.0, 2.0]])) == pytest.approx(
        (2, 1)
    )
    assert slope_of(np.array([-1.0, 1.0]), np.array([[3.0, 3.0]])) == (0.0, 0.0)
    assert np.isnan(slope_of(np.array([-1.0, 1.0]), np.full((1, 2), np.nan))[0])


def test_a_walk_holds_as_far_as_it_grows_at_half_the_pace():
    amounts = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
    assert growing(amounts, np.array([-2.1, -2.0, -1.0, 0.0, 1.0, 1.6, 1.7])) == (-2.0, 2.0)
    assert growing(amounts, -amounts) == (-3.0, 3.0)
    assert growing(amounts, 0 * amounts) == (0.0, 0.0)


def test_what_cannot_be_steered_is_said(blobs, plain, undifferentiable):
    with pytest.raises(ValueError, match="this generator has none .*: write it in JAX"):
        ground(undifferentiable, KEY)
    with pytest.raises(ValueError, match="no space 'w' to walk in; it has z"):
        ground(blobs, KEY, "w")
    with pytest.raises(ValueError, match="layers are of codes w"):
        ground(plain, KEY, "z", "0:1")
    change = transformation("zoom", 1)
    with pytest.raises(ValueError, match="a batch or more at a rate above 0"):
        learn_linear(blobs, Ground("z"), KEY, change, num=2, batch_size=4)
    with pytest.raises(ValueError, match="amounts rise, from above 0 on"):
        find_trajectories(blobs, Ground("z"), KEY, change, amounts=(0.2, 0.1))
    with pytest.raises(ValueError, match="3 amounts that rise from below 0 to above"):
        reach(blobs, Ground("z"), Linear(jnp.ones(4)), change, KEY, FRESH, (0.0, 0.1, 0.2))

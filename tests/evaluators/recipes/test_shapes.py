"""Recipes of voxels on shapes of which the scores are known."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.recipes.shapes import max_pooled
from gan_jax.evaluators.sizes import sizes_of
from gan_jax.evaluators.volumes import Shapes, Volumes
from gan_jax.runtime.mesh import make_mesh

RNG = np.random.default_rng(0)
TRAIN, TEST = RNG.random((30, 4, 4, 4)) < 0.3, RNG.random((9, 4, 4, 4)) < 0.3
TRAIN[:15, :, :, 0], TRAIN[15:, :, :, 3] = True, True  # two classes, told by a wall
TEST[:4, :, :, 0], TEST[4:, :, :, 3] = True, True
LABELS = {"train": np.repeat([0, 1], 15).astype(np.int32), "test": np.repeat([0, 1], [4, 5]).astype(np.int32)}


def evidence(made, observer=None, rebuilds=False, times=1, labels=True):
    """Of samples made [n, 4, 4, 4]; every real shape is there `times`."""

    def real(split):
        voxels = {"train": TRAIN, "test": TEST}[split].repeat(times, 0)
        return Shapes(voxels, LABELS[split].repeat(times) if labels else None)

    draw = lambda n: np.asarray(made, np.float32)[:n, ..., None]
    volumes = Volumes(draw, real, ("a", "b"), rebuilds)
    facts = {"volumes": volumes, "observer": observer, "mesh": make_mesh(), "mixture": None, "fake_set": None}
    return types.SimpleNamespace(**facts, force=False, real={}, fake=None)


def scores(name, evidence, n=0):
    recipe = find_recipe(name, {})
    outcome = recipe.measure(evidence, recipe, n, 0)
    return {number.part: number.value for number in outcome.numbers}, outcome


def test_shapes():
    made = np.zeros((6, 4, 4, 4))
    made[1:] = TRAIN[0]  # one is empty, the others are one shape
    made[5] = 1
    found, _ = scores("shapes", evidence(made), 6)
    occupancy = TRAIN[0].mean()
    assert found["empty"] == found["full"] == pytest.approx(1 / 6)
    # Of 15 pairs 6 are alike, 4 are of the full shape, 5 of the empty one.
    assert found[""] == pytest.approx((6 + 4 * occupancy) / 15)
    assert found["occupancy"] == pytest.approx((4 * occupancy + 1) / 6) and 0 < found["real"] < 0.8
    assert 0.5 < found["largest_piece"] <= 1


def test_nearest_shape():
    found, outcome = scores("nearest_shape", evidence(TRAIN[:10], times=2), 10)
    assert found[""] == found["copies"] == 1 and 0 < found["test"] < 1 and outcome.n_real == 30


def test_reconstruction():
    """Shapes made without a fault, from two pictures each; then all of them the mean shape's."""
    found, outcome = scores("reconstruction", evidence(TEST.repeat(2, 0), rebuilds=True, times=2))
    assert found[""] == found["by_class"] == found["iou"] == 1 and found["interval"] == 0
    assert outcome.n_fake == 18 and outcome.n_real == 9
    assert 0.3 < found["mean_shape"] < 1 and found["gain"] == pytest.approx(1 - found["mean_shape"])
    assert found["gain_interval"] > 0
    mean = np.broadcast_to(TRAIN.mean(0), TEST.shape)
    same, _ = scores("reconstruction", evidence(mean, rebuilds=True))
    assert same["gain"] == pytest.approx(0, abs=1e-6) and same[""] == pytest.approx(found["mean_shape"], abs=1e-6)
    with pytest.raises(ValueError, match="--sampler=reconstruct"):
        scores("reconstruction", evidence(TEST))


def test_shape_classes():
    """Features that hold the class, and one that is the same for all."""
    walls = lambda voxels: {"maps": voxels, "pooled": voxels.reshape(len(voxels), -1)}
    blind = lambda voxels: {"maps": jnp.zeros((len(voxels), 2, 2, 2, 3))}
    seen, outcome = scores("shape_classes", evidence(TEST, jax.tree_util.Partial(walls)))
    assert seen["raw"] == 1 and outcome.n_real == 30 and seen["raw_interval"] == 0
    guessed, _ = scores("shape_classes", evidence(TEST, jax.tree_util.Partial(blind)))
    assert guessed[""] in (4 / 9, 5 / 9) and guessed["interval"] > 0.2
    with pytest.raises(ValueError, match="needs the classes"):
        scores("shape_classes", evidence(TEST, jax.tree_util.Partial(walls), labels=False))


def test_boxes():
    x = jnp.arange(64.0).reshape(1, 4, 4, 4, 1)
    np.testing.assert_array_equal(max_pooled(x)[0], [21, 23, 29, 31, 53, 55, 61, 63])
    assert max_pooled(x[:, :1]).shape == (1, 16)
    with pytest.raises(ValueError, match="cannot be pooled"):
        max_pooled(jnp.zeros((1, 3, 4, 4, 1)))


def test_which_recipes_are_of_voxels():
    of_voxels, of_images = evidence(TEST), evidence(TEST)
    of_images.volumes = None
    assert sizes_of(of_voxels, find_recipe("shapes", {})).n_fake == 200
    with pytest.raises(ValueError, match="this run makes voxels"):
        sizes_of(of_voxels, find_recipe("swd", {}))
    with pytest.raises(ValueError, match="it is of voxels, and these are not"):
        sizes_of(of_images, find_recipe("reconstruction", {}))
    with pytest.raises(ValueError, match="a run's discriminator"):
        sizes_of(of_voxels, find_recipe("shape_classes", {}))

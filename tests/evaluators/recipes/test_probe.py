import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.recipes.probe import PooledTaps, pooled
from gan_jax.runtime.mesh import make_mesh


def test_maps_are_pooled_to_the_largest_that_is_allowed():
    activations = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3)
    np.testing.assert_array_equal(pooled(activations, 48), activations.reshape(2, -1))
    by_hand = activations.reshape(2, 2, 2, 2, 2, 3).mean((2, 4)).reshape(2, -1)
    np.testing.assert_allclose(pooled(activations, 47), by_hand)
    np.testing.assert_allclose(pooled(activations, 12), by_hand)
    np.testing.assert_allclose(pooled(activations, 11), activations.mean((1, 2)))
    np.testing.assert_allclose(pooled(activations, 2), activations.mean((1, 2)))  # never less than the channels
    vector = np.ones((2, 7), np.float32)
    assert pooled(vector, 3) is vector


@pytest.mark.parametrize("size", [(6, 4), (3, 3)])
def test_odd_and_oblong_maps_are_pooled_too(size):
    activations = np.random.default_rng(0).normal(size=(1, *size, 2)).astype(np.float32)
    found = pooled(activations, 20)
    assert found.shape[1] <= 20
    np.testing.assert_allclose(np.mean(found), np.mean(activations), atol=1e-6)


def test_the_discriminator_sees_images_from_minus_one_to_one():
    seen = PooledTaps(lambda images: {"extremes": jnp.stack([images.min((1, 2, 3)), images.max((1, 2, 3))], 1)}, 9)
    images = np.zeros((1, 2, 2, 1), np.uint8)
    images[0, 0, 0] = 255
    np.testing.assert_allclose(seen(images)["extremes"], [[-1, 1]])


class _Sees(struct.PyTreeNode):
    """A discriminator whose only tap is the mean of a quarter of the image: it tells the classes below apart."""

    def __call__(self, images):
        return {"corner": images[:, :2, :2, 0].mean((1, 2))[:, None]}


def of_classes(labels, classes, levels):
    """Images whose brightness is their class's."""
    images = np.stack([np.full((4, 4, 1), levels[classes[label]] if label >= 0 else 0, np.uint8) for label in labels])
    return ArraySet(images, np.array(labels), classes=classes)


def probed(test_labels, test_classes):
    levels = {"a": 20, "b": 120, "c": 220, "x": 60}
    train = of_classes([0, 1, 2, -1] * 8, ("a", "b", "c"), levels)
    test = of_classes(test_labels, test_classes, levels)
    sets = {"train": lambda: train, "test": lambda: test}
    evidence = Evidence(None, sets, None, make_mesh(), observer=_Sees(), batch_size=8, quiet=True)
    (found,) = judge(evidence, {"probe": find_recipe("probe", {})}, {})
    return found


def test_classes_of_the_test_split_are_those_of_the_same_name():
    found = {score.name: score for score in probed([0, 1, 1, 0], ("a", "c"))}
    assert found["probe"].value == found["probe/corner"].value == 1.0


def test_images_without_a_label_are_left_out():
    found = {score.name: score for score in probed([-1, 0, -1, 1], ("b", "c"))}
    assert found["probe"].value == 1.0 and found["probe"].n_real == 24


def test_a_class_that_was_not_learned_is_refused():
    assert "the class 'x', and the training split has none" in probed([0, 1], ("a", "x")).reason


def test_the_gap_to_the_training_split_is_told_of_each_tap():
    found = {score.name: score.value for score in probed([0, 1, 1, 0], ("a", "c"))}
    assert found.keys() == {"probe", "probe/corner", "probe/corner/gap"}
    assert found["probe/corner/gap"] == 0  # both splits are told without a fault

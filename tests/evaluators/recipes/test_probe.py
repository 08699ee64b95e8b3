import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.recipes.probe import PooledTaps, pooled, probe


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


class Seen:
    """Evidence of 40 images a split with random labels: one tap that knows them, one with nothing but noise."""

    observer = object()

    def reals(self, split):
        return range(40)

    def real_labels(self, split, n):
        return np.random.default_rng(split == "test").integers(0, 2, n)

    def observed(self, split, taps):
        noise = np.random.default_rng(2 + (split == "test")).normal(size=(40, 60))
        return {"told": self.real_labels(split, 40)[:, None] * 1.0, "noise": noise}


def test_the_gap_to_the_training_split_is_told_of_each_tap():
    told = {each.part: each.value for each in probe(Seen(), find_recipe("probe", {}), 0, 40)}
    assert told.keys() == {"", "told", "noise", "told/gap", "noise/gap"}
    assert told[""] == told["told"] == 1 and told["told/gap"] == 0
    assert told["noise/gap"] == 1 - told["noise"] > 0.2

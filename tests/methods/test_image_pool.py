"""CycleGAN's pool of fakes against a plain list."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.methods.image_pool import empty_pool, served

SIZE = 4


def by_list(kept, images, key):
    """The pool as a list: filled in order, then a coin and a place for each image."""
    shown = []
    for index, image in enumerate(images):
        tossed, chosen = jax.random.split(jax.random.fold_in(key, index))
        if len(kept) < SIZE:
            kept.append(image)
            shown.append(image)
        elif jax.random.bernoulli(tossed):
            place = int(jax.random.randint(chosen, (), 0, SIZE))
            shown.append(kept[place])
            kept[place] = image
        else:
            shown.append(image)
    return np.stack(shown)


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_the_pool_is_a_list(batch):
    pool, kept, serve = empty_pool(SIZE, (2, 1, 1)), [], jax.jit(served)
    older = 0
    for turn in range(12):
        images = np.arange(batch * 2, dtype=np.float32).reshape(batch, 2, 1, 1) + 100 * turn
        key = jax.random.key(turn)
        pool, shown = serve(pool, images, key)
        np.testing.assert_array_equal(shown, by_list(kept, list(images), key))
        np.testing.assert_array_equal(pool["images"][: len(kept)], np.stack(kept))
        assert int(pool["filled"]) == len(kept)
        older += int(np.sum(np.asarray(shown) != images) > 0)
    assert older  # some were earlier ones


def test_half_of_the_images_change_places_once_it_is_full():
    pool, images = empty_pool(50, (1, 1, 1)), jnp.arange(4050.0).reshape(-1, 1, 1, 1)
    _, shown = jax.jit(served)(pool, images, jax.random.key(0))
    changed = np.asarray(shown != images).ravel()
    assert not changed[:50].any() and abs(changed[50:].mean() - 0.5) < 0.03
    age = (np.asarray(images - shown).ravel())[50:][changed[50:]]
    assert (
        age.min() > 0 and abs(age.mean() - 100) < 10
    )  # each stays for 100 images on average: 50 places, half of them change


def test_no_pool_shows_what_it_is_given():
    images = jnp.ones((3, 2, 2, 1))
    pool, shown = served(empty_pool(0, (2, 2, 1)), images, jax.random.key(0))
    assert shown is images and pool["images"].shape == (0, 2, 2, 1)

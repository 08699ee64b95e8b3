"""A segmenter learns masks, and is what its parts make it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.features.segmenter import UNet, segmenter_of
from gan_jax.features.segmenting import fit, loss_of, predict
from gan_jax.features.weights import Weights
from gan_jax.metrics.overlap import intersection_over_union

SMALL = UNet(2, (8, 8))


def squares(count, seed):
    """A bright square of 4 x 4 somewhere on noise; parts: its left half and its right half."""
    rng = np.random.default_rng(seed)
    images, masks = rng.integers(0, 60, (count, 8, 8, 1)), np.zeros((count, 8, 8, 2), bool)
    for image, mask, (y, x) in zip(images, masks, rng.integers(0, 5, (count, 2)), strict=True):
        image[y : y + 4, x : x + 4] += 150
        mask[y : y + 4, x : x + 2, 0] = mask[y : y + 4, x + 2 : x + 4, 1] = True
    return images.astype(np.uint8), masks


def test_it_learns_masks_and_the_same_seed_gives_the_same_weights():
    (images, masks), (test, truth) = squares(200, 0), squares(50, 1)
    losses = []
    settings = {"steps": 60, "batch_size": 16, "learning_rate": 2e-2}
    variables = fit(SMALL, images, masks, progress=lambda step, m: losses.append(float(m["loss"])), **settings)
    assert len(losses) == 60 and losses[-1] < 0.2 * losses[0]
    assert intersection_over_union(predict(SMALL, variables, test, 30), truth).min() > 0.85
    again = fit(SMALL, images, masks, **settings)
    jax.tree.map(np.testing.assert_array_equal, variables, again)


def test_the_loss_by_hand():
    """Two pixels, logits log 3 (probability 3/4) and 0 (1/2), of which the first is in the part."""
    logits, masks = jnp.array([np.log(3.0), 0.0]).reshape(1, 1, 2, 1), np.array([True, False]).reshape(1, 1, 2, 1)
    likelihood = -(np.log(0.75) + np.log(0.5)) / 2
    dice = (2 * 0.75 + 1) / (0.75**2 + 0.5**2 + 1 + 1)
    np.testing.assert_allclose(loss_of(logits, masks), likelihood + 1 - dice, rtol=1e-5)
    both = loss_of(jnp.concatenate([logits, logits], -1), np.concatenate([masks, masks], -1))
    np.testing.assert_allclose(both, 2 * likelihood + 1 - dice, rtol=1e-5)  # answers add up, overlaps are averaged


def test_its_size_and_shapes():
    net = UNet(5)
    of = lambda shape: jax.eval_shape(net.init_with_output, jax.random.key(0), jnp.zeros(shape))
    logits, variables = of((2, 32, 32, 1))
    assert logits.shape == (2, 32, 32, 5) and of((1, 16, 24, 3))[0].shape == (1, 16, 24, 5)
    convolutions = 9 * (24 + 24 * 24 + 24 * 48 + 48 * 48 + 48 * 64 + 64 * 64)  # down
    convolutions += 9 * ((64 + 48) * 48 + 48 * 48 + (48 + 24) * 24 + 24 * 24)  # up
    norms = 2 * (24 * 2 + 48 * 2 + 64 * 2 + 48 * 2 + 24 * 2)
    assert (
        sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) == convolutions + norms + 24 * 5 + 5 == 191_829
    )
    with pytest.raises(ValueError, match=r"sides that are multiples of 4, not \[30, 32\]"):
        of((2, 30, 32, 1))


def test_images_and_masks_move_together():
    """A part that is where pixels are bright stays so, mirrored and moved: the trivial net is right at every step."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2, (20, 8, 8, 1)).astype(np.uint8) * 255

    class Same(linen.Module):
        @linen.compact
        def __call__(self, images, train=False):
            return 30 * images + self.param("kernel", linen.initializers.zeros, (1, 1, 1, 1))

    losses = []
    keep = lambda step, metrics: losses.append(float(metrics["loss"]))
    fit(Same(), images, images > 0, 5, 8, 1e-6, flip=True, shift=3, progress=keep)
    assert max(losses) < 1e-4


@pytest.mark.parametrize(
    ("images", "masks", "changes", "message"),
    [
        (np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 2), bool), {}, "images must be uint8"),
        (
            np.zeros((2, 8, 8, 1), np.uint8),
            np.zeros((2, 8, 8, 2)),
            {},
            r"masks must be bool \[2, 8, 8\] \+ \[K\], not float64",
        ),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 4, 4, 2), bool), {}, "masks must be bool"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 8, 8, 2), bool), {"steps": 0}, "at least one step"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 8, 8, 2), bool), {"seed": -1}, "a seed is from 0"),
    ],
)
def test_what_it_cannot_learn_from_is_refused(images, masks, changes, message):
    with pytest.raises(ValueError, match=message):
        fit(SMALL, images, masks, **{"steps": 1, **changes})


def test_weights_of_something_else_are_refused():
    with pytest.raises(ValueError, match="facts lack parts, architecture"):
        segmenter_of(Weights({}, {"shape": [8, 8, 1]}, ""))
    with pytest.raises(ValueError, match="unknown architecture 'VNet'"):
        segmenter_of(Weights({}, {"shape": [8, 8, 1], "parts": ["a"], "architecture": {"type": "VNet"}}, ""))

"""Packs of images, and what judges them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import mlp, sngan
from gan_jax.architectures.augmented import Augmented
from gan_jax.architectures.packed import Packed, pack

SHAPE = (4, 6, 2)


@pytest.fixture
def images():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (6, *SHAPE)), jnp.float32)


@pytest.mark.parametrize("m", [2, 3])
def test_neighbours_stand_side_by_side(images, m):
    packs = pack(images, m)
    for i in range(6 // m):
        expected = np.concatenate([images[i * m + j] for j in range(m)], axis=-1)
        np.testing.assert_array_equal(packs[i], expected)


def test_points_are_packed_too():
    np.testing.assert_array_equal(pack(jnp.arange(8.0).reshape(4, 2), 2), [[0, 1, 2, 3], [4, 5, 6, 7]])


def test_packs_must_divide_the_batch(images):
    with pytest.raises(ValueError, match="packs of m=4 do not divide a batch of 6 images"):
        pack(images, 4)


@pytest.fixture
def packed(images):
    module = Packed(mlp.Discriminator(SHAPE, (5,)), 3, SHAPE)
    return module, module.init(jax.random.key(0), images)


def test_one_verdict_a_pack(images, packed):
    """That of the discriminator itself, made for 3 * 2 channels, on the packs."""
    module, variables = packed
    assert module.discriminator.image_shape == (4, 6, 6)
    verdict = module.apply(variables, images, train=True)
    inner = mlp.Discriminator((4, 6, 6), (5,))
    expected = inner.apply({"params": variables["params"]["discriminator"]}, pack(images, 3), train=True)
    assert verdict.logits.shape == (2,) and verdict.features["pooled"].shape == (2, 5)
    np.testing.assert_allclose(verdict.logits, expected.logits, rtol=1e-6)


def test_outside_training_an_image_is_a_pack_of_itself(images, packed):
    """Any number of images, and features of each."""
    module, variables = packed
    verdict = module.apply(variables, images[:5], train=False)
    copies = jnp.repeat(images[:5], 3, axis=0)
    expected = module.apply(variables, copies, train=True)
    assert verdict.logits.shape == (5,) and verdict.features["pooled"].shape == (5, 5)
    np.testing.assert_allclose(verdict.logits, expected.logits, rtol=1e-5)


def test_only_the_first_layer_is_wider():
    shapes = lambda module: jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.zeros((4, 8, 8, 3))))["params"]
    plain = sngan.Discriminator((8, 8, 3), (4, 4), 1)
    of_packs, of_one = shapes(Packed(plain, 2, (8, 8, 3)))["discriminator"], shapes(plain)
    wider = [
        jax.tree_util.keystr(path)
        for (path, a), b in zip(jax.tree.leaves_with_path(of_packs), jax.tree.leaves(of_one), strict=True)
        if a.shape != b.shape
    ]
    assert wider == ["['block0_conv1']['kernel']", "['block0_shortcut']['kernel']"]


def test_slopes_are_a_pack_of_images_own(images, packed):
    """A pack's logit depends on its own images alone, as penalties on [number of logits, -1] take it."""
    module, variables = packed
    slope = jax.grad(lambda x: module.apply(variables, x, train=True).logits[1])(images)
    assert not np.any(slope[:3]) and np.all(np.abs(slope[3:]).max((1, 2, 3)) > 0)


def test_labels_of_the_data_do_not_disturb(images, packed):
    module, variables = packed
    one, other = (module.apply(variables, images, label, train=True).logits for label in (None, jnp.arange(6)))
    np.testing.assert_array_equal(one, other)


def test_transforms_come_before_packing(images):
    """Every image of a pack is transformed on its own."""
    module = Augmented(Packed(mlp.Discriminator(SHAPE, (5,)), 2, SHAPE), policy=("cutout",))
    variables = module.init(jax.random.key(0), images)
    run = lambda x: module.apply(variables, x, train=True, rngs={"noise": jax.random.key(0)})
    assert run(images).logits.shape == (3,)
    with pytest.raises(ValueError, match="let Augmented wrap Packed"):
        Packed(Augmented(mlp.Discriminator(SHAPE)), 2, SHAPE)


@pytest.mark.parametrize("settings", [{"num_classes": 3}, {"discriminator": mlp.Discriminator(SHAPE, num_classes=3)}])
def test_classes_are_refused(settings):
    with pytest.raises(ValueError, match="packing is for unconditional networks.*method.num_classes to 0"):
        Packed(**({"discriminator": mlp.Discriminator(SHAPE), "m": 2, "image_shape": SHAPE} | settings))


def test_a_pack_of_one_is_refused():
    with pytest.raises(ValueError, match="m must be a whole number from 2 on, got 1"):
        Packed(mlp.Discriminator(SHAPE), 1, SHAPE)

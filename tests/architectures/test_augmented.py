"""What an augmented discriminator sees and remembers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.architectures import dcgan, mlp, sngan
from gan_jax.architectures.augmented import Augmented
from gan_jax.augment.policies import augment
from gan_jax.setup.schedules import cosine_schedule
from gan_jax.types import ByImages, Clock, Verdict

SHAPE = (8, 8, 3)


class Eye(linen.Module):
    """Shows what it is shown, and judges an image by its mean."""

    num_classes: int = 0

    @linen.compact
    def __call__(self, images, label=None, train=False):
        gain = self.param("gain", linen.initializers.ones, ())
        return Verdict(gain * jnp.mean(images, (1, 2, 3)), {"seen": images, "label": label, "train": train})


@pytest.fixture
def images():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (6, *SHAPE)), jnp.float32)


def run(module, variables, images, seed=0, label=None, train=True, **more):
    return module.apply(variables, images, label, train=train, rngs={"noise": jax.random.key(seed)}, **more)


def test_images_are_transformed_in_training_alone(images):
    module = Augmented(Eye(), policy=("translation", "cutout"))
    variables = module.init(jax.random.key(0), images)  # without noise
    assert jax.tree.map(jnp.shape, variables) == {"params": {"discriminator": {"gain": ()}}}
    seen = run(module, variables, images).features["seen"]
    assert all(not np.array_equal(a, b) for a, b in zip(seen, images, strict=True))
    still = module.apply(variables, images, train=False)
    np.testing.assert_array_equal(still.features["seen"], images)
    assert still.features["train"] is False


def test_what_it_sees_is_of_the_policy_and_the_noise(images):
    module = Augmented(Eye(), policy=("color",), probability=0.5)
    variables = module.init(jax.random.key(0), images)
    looks = [run(module, variables, images, seed).features["seen"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(looks[0], looks[1])
    assert not np.array_equal(looks[0], looks[2])
    untouched = [np.array_equal(a, b) for look in looks for a, b in zip(look, images, strict=True)]
    assert 0 < sum(untouched) < len(untouched)
    none = Augmented(Eye(), policy=("color",), probability=0.0)
    np.testing.assert_array_equal(run(none, variables, images).features["seen"], images)
    assert augment(jax.random.key(0), images, ("color",)).shape == images.shape


def test_labels_and_verdict_pass_through(images):
    label = jnp.arange(6)
    module = Augmented(Eye())
    variables = module.init(jax.random.key(0), images)
    verdict = run(module, variables, images, label=label)
    np.testing.assert_array_equal(verdict.features["label"], label)
    np.testing.assert_allclose(verdict.logits, verdict.features["seen"].mean((1, 2, 3)), rtol=1e-6)


def test_slopes_reach_the_images(images):
    module = Augmented(Eye(), policy=("color", "translation", "cutout"))
    variables = module.init(jax.random.key(0), images)
    slope = jax.grad(lambda x: jnp.sum(run(module, variables, x).logits ** 2))(images)
    assert np.all(np.isfinite(slope)) and np.all(np.abs(slope).max((1, 2, 3)) > 0)


def moved(module, variables, images, **more):
    _, changed = run(module, variables, images, mutable=["adaptive"], **more)
    return float(changed["adaptive"]["augment_probability"])


def test_the_probability_follows_the_sign_of_real_logits(images):
    """p += sign(E[sign D(x)] - 0.6) * 6 / 500,000, from 0 to 1. E of 5 in 6 positive is 4/6, of 4 in 6 2/6."""
    module = Augmented(Eye(), policy=("translation",), target=0.6)
    variables = module.init(jax.random.key(0), images)
    assert variables["adaptive"] == {"augment_probability": 0.0}
    at = lambda p: variables | {"adaptive": {"augment_probability": jnp.float32(p)}}
    signs = lambda positive: jnp.ones((6, *SHAPE)) * jnp.where(jnp.arange(6) < positive, 1.0, -1.0).reshape(6, 1, 1, 1)
    step = 6 / 500_000
    np.testing.assert_allclose(moved(module, at(0.25), signs(5)), 0.25 + step, rtol=1e-6)
    np.testing.assert_allclose(moved(module, at(0.25), signs(4)), 0.25 - step, rtol=1e-6)
    assert moved(module, at(0.0), signs(0)) == 0.0
    assert moved(module, at(1.0), signs(6)) == 1.0
    faster = Augmented(Eye(), policy=("translation",), target=0.3, speed_kimg=6.0)
    np.testing.assert_allclose(moved(faster, at(0.25), signs(4)), 0.25 + 6 / 6000, rtol=1e-6)


def test_the_probability_is_the_one_that_is_used(images):
    module = Augmented(Eye(), policy=("cutout",), target=0.6)
    params = module.init(jax.random.key(0), images)["params"]
    seen = lambda p: run(
        module, {"params": params, "adaptive": {"augment_probability": jnp.float32(p)}}, jnp.ones((200, *SHAPE))
    ).features["seen"]
    share = lambda p: np.any(np.asarray(seen(p)) != 1, axis=(1, 2, 3)).mean()
    assert share(0.0) == 0 and share(1.0) == 1 and abs(share(0.3) - 0.3) < 0.15


@pytest.mark.parametrize("by_images", [False, True])
def test_the_probability_may_be_a_schedule(by_images):
    """From 0 to 1 over 4 rounds of 500 images: none of the images is cut at first, half of them after two, then all."""
    schedule = cosine_schedule(0.0, 1.0, 2.0 if by_images else 4)
    module = Augmented(Eye(), policy=("cutout",), probability=ByImages(schedule) if by_images else schedule)
    x = jnp.ones((400, *SHAPE))
    variables = module.init(jax.random.key(0), x)

    def share(round):
        clock = Clock(jnp.int32(round), jnp.float32(0.5 * round))
        seen = run(module, variables, x, clock=clock).features["seen"]
        return np.any(np.asarray(seen) != 1, axis=(1, 2, 3)).mean()

    assert share(0) == 0 and share(4) == share(9) == 1 and abs(share(2) - 0.5) < 0.1
    with pytest.raises(ValueError, match="a probability that is a schedule needs the time"):
        run(module, variables, x)
    np.testing.assert_array_equal(module.apply(variables, x).features["seen"], x)  # evaluation needs no time


def test_groups_may_have_shares_of_the_probability():
    x = jnp.ones((400, *SHAPE))
    module = Augmented(Eye(), policy={"translation": 0.0, "cutout": 0.5}, probability=0.8)
    seen = run(module, module.init(jax.random.key(0), x), x).features["seen"]
    assert abs(np.any(np.asarray(seen) != 1, axis=(1, 2, 3)).mean() - 0.4) < 0.1
    alike = Augmented(Eye(), policy={"cutout": 1.0}, probability=0.5), Augmented(Eye(), ("cutout",), 0.5)
    a, b = (run(each, each.init(jax.random.key(0), x), x).features["seen"] for each in alike)
    np.testing.assert_array_equal(a, b)


def test_looks_that_may_not_move_it_do_not(images):
    module = Augmented(Eye(), target=0.6)
    variables = module.init(jax.random.key(0), images)
    run(module, variables, images)  # not mutable: nothing to be moved
    _, changed = run(module, variables, jnp.ones((6, *SHAPE)), train=False, mutable=["adaptive"])
    assert float(changed["adaptive"]["augment_probability"]) == 0.0


def test_networks_keep_their_own_state():
    """Batch statistics and spectral vectors of the discriminator stand below its name."""
    x = jnp.zeros((4, *SHAPE))
    shapes = lambda module: jax.eval_shape(lambda: module.init(jax.random.key(0), x))
    normed = shapes(Augmented(dcgan.Discriminator(SHAPE, (4, 4)), target=0.6))
    assert set(normed["batch_stats"]) == {"discriminator"} and set(normed["adaptive"]) == {"augment_probability"}
    spectral = shapes(Augmented(sngan.Discriminator(SHAPE, (4, 4), 1)))
    inner = shapes(sngan.Discriminator(SHAPE, (4, 4), 1))
    assert jax.tree.map(jnp.shape, spectral) == jax.tree.map(
        jnp.shape, {collection: {"discriminator": tree} for collection, tree in inner.items()}
    )


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"policy": ("colour",)}, "one or more of color, translation, cutout"),
        ({"policy": ()}, "one or more of"),
        ({"policy": {"color": 1.0, "cutout": 1.5}}, r"policy\['cutout'\] must be from 0 to 1, got 1.5"),
        ({"policy": {"colour": 1.0}}, "one or more of color, translation, cutout"),
        ({"probability": 1.5}, "from 0 to 1, got 1.5"),
        ({"target": 1.0}, "a target between -1 and 1"),
        ({"target": 0.6, "probability": 0.5}, "no probability"),
        ({"target": 0.6, "speed_kimg": 0.0}, "speed_kimg must be more than 0"),
    ],
)
def test_what_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Augmented(mlp.Discriminator(SHAPE), **settings)


def test_points_are_refused():
    module = Augmented(mlp.Discriminator((2,), (4,)))
    x = jnp.zeros((4, 2))
    variables = module.init(jax.random.key(0), x)
    with pytest.raises(ValueError, match=r"for images \[B, H, W, C\]"):
        run(module, variables, x)

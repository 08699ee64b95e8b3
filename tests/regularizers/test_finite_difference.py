"""The penalty by differences against closed forms, and against the exact one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.architectures.augmented import Augmented
from gan_jax.regularizers.finite_difference import finite_difference
from gan_jax.regularizers.gradient_penalty import r1, r2, squared_slopes
from gan_jax.types import Verdict, named_key

A = np.array([3.0, 0.0, -4.0, 0.0, 0.0, 12.0], np.float32)  # |A|^2 = 169


def flat(x):
    return x.reshape(x.shape[0], -1)


def linear(x, label=None):
    """D(x, y) = (1 + y) a . x: ((D(x + h n) - D(x)) / h)^2 = (1 + y)^2 (a . n)^2 whatever h is."""
    scale = 1.0 if label is None else 1.0 + label.astype(jnp.float32)
    return Verdict(scale * (flat(x) @ A), {})


@pytest.fixture
def images(rng):
    return rng.normal(size=(2, 8, 1, 2, 3)).astype(np.float32)  # real, fake


def along(play, name, n):
    return np.asarray(jax.random.normal(named_key(play.key, name), (n, 1, 2, 3))).reshape(n, -1)


def test_by_hand(make_play, images):
    """gamma / 2 times the mean of (a . n)^2 over every second real image, and over every second fake one."""
    play = make_play(linear, *images)
    term = finite_difference(gamma=3.0, step=0.5, one_in=2).discriminator(play, ())
    of_real, of_fake = (np.mean((along(play, name, 4) @ A) ** 2) for name in ("real", "fake"))
    np.testing.assert_allclose(
        [term.metrics["r1_estimate"], term.metrics["r2_estimate"]], [of_real, of_fake], rtol=1e-4
    )
    np.testing.assert_allclose(term.loss, 1.5 * (of_real + of_fake), rtol=1e-4)
    assert float(finite_difference().generator(play, ()).loss) == 0


def test_on_real_or_on_fake_images_alone(make_play, images):
    play = make_play(linear, *images)
    both = finite_difference().discriminator(play, ())
    for which, name in (("real", "r1_estimate"), ("fake", "r2_estimate")):
        alone = finite_difference(**{"real": False, "fake": False, which: True}).discriminator(play, ())
        assert list(alone.metrics) == [name]
        np.testing.assert_allclose(alone.loss, 5 * both.metrics[name], rtol=1e-6)


def test_every_image_keeps_its_class(make_play, images):
    label = np.array([0, 9, 1, 9, 2, 9, 3, 9])
    play = make_play(linear, *images, real_label=label, fake_label=label)
    term = finite_difference(one_in=2).discriminator(play, ())
    expected = np.mean(((1 + label[::2]) * (along(play, "real", 4) @ A)) ** 2)
    np.testing.assert_allclose(term.metrics["r1_estimate"], expected, rtol=1e-4)


def test_its_mean_is_the_squared_slope(make_play, rng):
    """D = sin(x) . a, over 20,000 images: within four standard errors of R1, sqrt(2) of the squared slope each."""
    bent = lambda x, label=None: Verdict(jnp.sin(flat(x)) @ A, {})
    x = rng.normal(size=(20_000, 1, 2, 3)).astype(np.float32)
    play = make_play(bent, x, x[:8])
    exact = squared_slopes(play, play.real["image"], None)
    found = finite_difference(step=1e-2, one_in=1, fake=False).discriminator(play, ()).metrics["r1_estimate"]
    within = 4 * np.sqrt(2 * np.mean(np.square(exact)) / len(x))
    assert abs(float(found) - float(jnp.mean(exact))) < within < 0.06 * float(jnp.mean(exact))


def test_a_pack_has_one_slope(make_play, images):
    """D(x1, x2) = a . x1 + 2 a . x2; of 4 packs every second is taken, whole."""

    def packed(x, label=None):
        pairs = flat(x).reshape(x.shape[0] // 2, 2, -1)
        return Verdict(pairs[:, 0] @ A + 2 * (pairs[:, 1] @ A), {})

    play = make_play(packed, *images)
    n = along(play, "real", 4).reshape(2, 2, -1)
    expected = np.mean((n[:, 0] @ A + 2 * n[:, 1] @ A) ** 2)
    term = finite_difference(step=0.5, one_in=2).discriminator(play, ())
    np.testing.assert_allclose(term.metrics["r1_estimate"], expected, rtol=1e-4)


class Linear(linen.Module):
    """The linear discriminator as a module."""

    @linen.compact
    def __call__(self, images, label=None, train=False):
        return Verdict(flat(images) @ jnp.asarray(np.resize(A, flat(images).shape[1])), {})


def test_penalties_are_on_images_before_they_are_transformed(make_play, rng):
    """Through transforms drawn once for each image: of the judge's noise, the same for both values of a difference."""
    module, noise = Augmented(Linear(), policy=("translation", "cutout")), jax.random.key(5)
    judge = lambda x, label=None: module.apply({}, x, label, train=True, rngs={"noise": noise})
    real, fake = rng.uniform(-1, 1, (2, 6, 8, 8, 3)).astype(np.float32)

    @jax.jit
    def found(real, fake):
        play = make_play(judge, real, fake)
        terms = [each.discriminator(play, ()) for each in (r1(2.0), r2(2.0), finite_difference(one_in=1))]
        slopes = [jax.jacrev(lambda x: judge(x).logits)(x) for x in (real, fake)]  # [6, 6, 8, 8, 3]
        return [term.loss for term in terms[:2]], terms[2].metrics["r1_estimate"], slopes

    exact, estimate, slopes = found(real, fake)
    own = [np.stack([slope[n, n] for n in range(6)]) for slope in slopes]  # an image's logit depends on no other image
    np.testing.assert_allclose(exact, [np.sum(np.square(slope)) / 6 for slope in own], rtol=1e-4)
    n = np.asarray(jax.random.normal(named_key(jax.random.key(0), "real"), real.shape))
    np.testing.assert_allclose(estimate, np.mean(np.sum(own[0] * n, (1, 2, 3)) ** 2), rtol=1e-2)
    untouched = np.sum(np.square(np.resize(A, 192)))
    assert all(np.sum(np.square(slope)) / 6 < 0.9 * untouched for slope in own)  # the transforms matter


def test_gamma_may_be_a_schedule(make_play, images):
    penalty = finite_difference(gamma=lambda round: 8.0 - 2.0 * round)
    losses = [float(penalty.discriminator(make_play(linear, *images, round=t), ()).loss) for t in (0, 1, 4)]
    np.testing.assert_allclose(losses, [losses[0], 0.75 * losses[0], 0.0], rtol=1e-5)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"gamma": -1.0}, "gamma must be 0 or more, got -1.0"),
        ({"step": 0.0}, "step must be more than 0, got 0.0"),
        ({"one_in": 0}, "one_in must be a whole number from 1 on, got 0"),
        ({"one_in": 2.5}, "one_in must be a whole number"),
        ({"real": False, "fake": False}, "set real or fake"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        finite_difference(**settings)

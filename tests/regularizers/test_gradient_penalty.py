"""Penalties on D's slope against closed forms: linear and quadratic discriminators."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.regularizers.gradient_penalty import gradient_penalty, r1, r2, squared_slopes
from gan_jax.types import Verdict

A = np.array([3.0, 0.0, -4.0, 0.0, 0.0, 12.0], np.float32)  # |A| = 13
B = 8


def flat(x):
    return x.reshape(x.shape[0], -1)


def linear(a=A):
    """D(x, y) = (1 + y) a . x, whose slope is (1 + y) |a| everywhere."""

    def discriminator(x, label=None):
        scale = 1.0 if label is None else 1.0 + label.astype(jnp.float32)
        return Verdict(scale * (flat(x) @ a), {})

    return discriminator


def quadratic(matrix):
    """D(x) = x^T M x / 2 with a symmetric M, whose slope at x is |M x|."""
    return lambda x, label=None: Verdict(0.5 * jnp.sum((flat(x) @ matrix) * flat(x), -1), {})


@pytest.fixture
def images(rng):
    return rng.normal(size=(2, B, 1, 2, 3)).astype(np.float32)  # real, fake


@pytest.fixture
def matrix(rng):
    half = rng.normal(size=(6, 6)).astype(np.float32)
    return half + half.T


def test_linear_slopes(make_play, images):
    play = make_play(linear(), *images)
    np.testing.assert_allclose(squared_slopes(play, play.real["image"], None), np.full(B, 169.0), rtol=1e-5)
    term = gradient_penalty(weight=10.0).discriminator(play, ())
    np.testing.assert_allclose(term.loss, 10 * 12.0**2, rtol=1e-5)
    np.testing.assert_allclose([term.metrics["slope"], term.metrics["gradient_penalty"]], [13.0, 144.0], rtol=1e-5)
    for penalty, name in ((r1(2.0), "r1"), (r2(2.0), "r2")):
        term = penalty.discriminator(play, ())
        np.testing.assert_allclose([term.loss, term.metrics[name]], [169.0, 169.0], rtol=1e-5)


def test_the_papers_weights_are_the_defaults():
    assert gradient_penalty().weight == 10.0 and r1().gamma == r2().gamma == 10.0


def test_r1_is_of_real_and_r2_of_fake_images(make_play, images, matrix):
    """gamma / 2 times the mean of |M x|^2."""
    play = make_play(quadratic(matrix), *images)
    for penalty, x in ((r1(0.5), images[0]), (r2(0.5), images[1])):
        expected = 0.25 * np.mean(np.sum((x.reshape(B, -1) @ matrix) ** 2, -1))
        np.testing.assert_allclose(penalty.discriminator(play, ()).loss, expected, rtol=1e-4)
        generator = penalty.generator(play, ())
        assert float(generator.loss) == 0 and not generator.metrics


def test_slope_of_the_penalty_itself(make_play, images):
    """d/da of gamma / 2 |a|^2 is gamma a, and of weight (|a| - 1)^2 is 2 weight (1 - 1 / |a|) a."""
    of = lambda penalty: jax.jit(jax.grad(lambda a: penalty.discriminator(make_play(linear(a), *images), ()).loss))
    np.testing.assert_allclose(of(r1(3.0))(A), 3 * A, rtol=1e-5)
    np.testing.assert_allclose(of(gradient_penalty(3.0))(A), 6 * (1 - 1 / 13) * A, rtol=1e-4, atol=1e-5)
    assert np.all(np.isfinite(of(gradient_penalty(3.0))(np.zeros(6, np.float32))))  # a flat D divides by no zero


def test_between_equal_images_lies_the_image(make_play, images, matrix):
    play = make_play(quadratic(matrix), images[0], images[0])
    slopes = np.linalg.norm(images[0].reshape(B, -1) @ matrix, axis=-1)
    np.testing.assert_allclose(
        gradient_penalty(1.0).discriminator(play, ()).loss, np.mean((slopes - 1) ** 2), rtol=1e-4
    )


def test_points_lie_evenly_between_real_and_fake(make_play):
    """D = |x|^2 / 2 on lines from 0 to unit vectors: a slope is the place t ~ U(0, 1) on the line, each image's own.

    E[t] = 1/2 and E[(t - 1)^2] = 1/3; one t for the whole batch would give (E[t] - 1)^2. Standard error 0.007.
    """
    unit = np.zeros((2000, 6), np.float32)
    unit[:, 1] = 1.0
    for real, fake in ((np.zeros_like(unit), unit), (unit, np.zeros_like(unit))):
        term = gradient_penalty(1.0).discriminator(make_play(quadratic(np.eye(6, dtype=np.float32)), real, fake), ())
        np.testing.assert_allclose(term.metrics["slope"], 1 / 2, atol=0.03)
        np.testing.assert_allclose(term.loss, 1 / 3, atol=0.03)
    again = make_play(quadratic(np.eye(6, dtype=np.float32)), real, fake, key=jax.random.key(1))
    assert float(gradient_penalty(1.0).discriminator(again, ()).loss) != float(term.loss)


def test_a_logit_of_two_images_has_one_slope(make_play, images):
    """Packed, D(x1, x2) = a . x1 + 2 a . x2 has a slope of |(a, 2 a)| = sqrt(5) |a|, and half as many logits."""

    def packed(x, label=None):
        pairs = flat(x).reshape(x.shape[0] // 2, 2, -1)
        return Verdict(pairs[:, 0] @ A + 2 * (pairs[:, 1] @ A), {})

    play = make_play(packed, *images)
    np.testing.assert_allclose(squared_slopes(play, play.real["image"], None), np.full(B // 2, 5 * 169.0), rtol=1e-5)
    np.testing.assert_allclose(r1(2.0).discriminator(play, ()).loss, 5 * 169.0, rtol=1e-5)
    penalty = (np.sqrt(5) * 13 - 1) ** 2
    np.testing.assert_allclose(gradient_penalty(1.0).discriminator(play, ()).loss, penalty, rtol=1e-5)


def test_each_image_keeps_its_class(make_play, images):
    """The slope is (1 + y) |a|; between two images the class is the real one's."""
    real, fake = np.array([0, 1] * 4), np.array([2] * 8)
    play = make_play(linear(), *images, real_label=real, fake_label=fake)
    np.testing.assert_allclose(r1(2.0).discriminator(play, ()).loss, 169 * np.mean((1 + real) ** 2), rtol=1e-5)
    np.testing.assert_allclose(r2(2.0).discriminator(play, ()).loss, 169 * 9, rtol=1e-5)
    slope = gradient_penalty().discriminator(play, ()).metrics["slope"]
    np.testing.assert_allclose(slope, 13 * np.mean(1 + real), rtol=1e-5)


@pytest.mark.parametrize("make", [r1, r2, gradient_penalty])
def test_weights_may_be_schedules_of_the_round(make_play, images, make):
    penalty = make(optax.linear_schedule(8.0, 0.0, 4))
    losses = [float(penalty.discriminator(make_play(linear(), *images, round=t), ()).loss) for t in (0, 1, 4)]
    np.testing.assert_allclose(losses, [losses[0], 0.75 * losses[0], 0.0], rtol=1e-5)
    assert losses[0] > 0


def test_penalty_pairs_images(make_play, images):
    play = make_play(linear(), images[0], images[1][:4])
    with pytest.raises(ValueError, match=r"pairs real with fake images, got \(8, 1, 2, 3\) and \(4, 1, 2, 3\)"):
        gradient_penalty().discriminator(play, ())
    assert r1().discriminator(play, ()).loss > 0


@pytest.mark.parametrize("make", [r1, r2, gradient_penalty])
def test_slopes_in_pixels_of_the_finished_size_are_those_of_repeated_pixels(make_play, rng, make):
    """D of a low image, and D of its pixels repeated, which it averages down first: the same penalty."""
    low = rng.normal(size=(2, B, 2, 2, 3)).astype(np.float32)
    weights = rng.normal(size=(12, 5)).astype(np.float32)
    judge = lambda x, label=None: Verdict(jnp.sum(jnp.sin(flat(x) @ weights), -1), {})
    mean = lambda x: x.reshape(len(x), 2, 4, 2, 4, 3).mean((2, 4))
    high = low.repeat(4, 2).repeat(4, 3)
    in_full = make(full_height=8).discriminator(make_play(judge, *low), ())
    expected = make().discriminator(make_play(lambda x, label=None: judge(mean(x)), *high), ())
    np.testing.assert_allclose(in_full.loss, expected.loss, rtol=1e-4)
    assert abs(float(make().discriminator(make_play(judge, *low), ()).loss) / float(expected.loss) - 1) > 0.1
    with pytest.raises(ValueError, match="full_height"):
        make(full_height=0)

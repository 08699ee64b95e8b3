"""Every adversarial loss against numbers worked out by hand."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses
from gan_jax.types import ByImages

ELSEWHERE = (
    "top_k",
    "resting",
    "boundary_equilibrium",
)  # wrappers; one of errors: test_boundary_equilibrium.py
NAMES = sorted(
    name
    for name, made in inspect.getmembers(losses, inspect.isclass)
    if made.__module__.startswith(losses.__name__) and not name.startswith("_") and name not in ELSEWHERE
)
REAL, FAKE = [2.0, 0.5, -1.0, 0.0], [-3.0, 0.5, -0.5, 1.0]
sp = lambda x: np.log1p(np.exp(np.asarray(x)))


def value(name, player, real=REAL, fake=FAKE):
    loss = getattr(losses, name)()
    term = getattr(loss, player)(jnp.asarray(real), jnp.asarray(fake), loss.init())
    assert term.loss.shape == () and term.memory == ()
    assert set(term.metrics) == (
        {"wasserstein_estimate"} if (name, player) == ("wasserstein", "discriminator") else set()
    )
    return float(term.loss)


@pytest.mark.parametrize(
    "name, d, g",
    [
        ("nothing", 0.0, 0.0),
        # D: (0 + 0.5 + 2 + 1) / 4 + (0 + 1.5 + 0.5 + 2) / 4; G: -(-3 + 0.5 - 0.5 + 1) / 4
        ("hinge", 0.875 + 1.0, 0.5),
        # D: mean of the fakes, -0.5, less that of the reals, 0.375
        ("wasserstein", -0.875, 0.5),
        # D: half of (1 + 0.25 + 4 + 1) / 4 + (9 + 0.25 + 0.25 + 1) / 4; G: half of (16 + 0.25 + 2.25 + 0) / 4
        ("least_squares", 0.5 * (6.25 + 10.5) / 4, 0.5 * 18.5 / 4),
        ("non_saturating", np.mean(sp([-2, -0.5, 1, 0])) + np.mean(sp([-3, 0.5, -0.5, 1])), np.mean(sp([3, -0.5, 0.5, -1]))),
        ("saturating", np.mean(sp([-2, -0.5, 1, 0])) + np.mean(sp([-3, 0.5, -0.5, 1])), -np.mean(sp([-3, 0.5, -0.5, 1]))),
        # Pairs: fake - real is -5, 0, 0.5, 1.
        ("relativistic", np.mean(sp([-5, 0, 0.5, 1])), np.mean(sp([5, 0, -0.5, -1]))),
    ],
)  # fmt: skip
def test_values_by_hand(name, d, g):
    np.testing.assert_allclose(value(name, "discriminator"), d, rtol=1e-6)
    np.testing.assert_allclose(value(name, "generator"), g, rtol=1e-6)


def test_every_loss_has_values_by_hand():
    """A loss added to the file must be added above."""
    assert NAMES == ["hinge", "least_squares", "non_saturating", "nothing", "relativistic", "saturating", "wasserstein"]


def test_the_wasserstein_estimate_is_the_difference_of_the_means():
    """0.375 - (-0.5), and the same where all logits are moved by a constant: only differences mean anything."""
    for moved in (0.0, 7.0):
        term = losses.wasserstein().discriminator(jnp.asarray(REAL) + moved, jnp.asarray(FAKE) + moved, ())
        np.testing.assert_allclose(term.metrics["wasserstein_estimate"], 0.875, rtol=1e-6)


def test_where_d_is_sure_the_saturating_generator_learns_nothing():
    """At D(G(z)) = -20: sigma, 2e-9, is the slope of the one loss, and 1 - sigma that of the other."""
    slope = lambda name: float(
        jax.grad(lambda f: getattr(losses, name)().generator(f, f, ()).loss)(jnp.array([-20.0]))[0]
    )
    np.testing.assert_allclose(slope("saturating"), -1 / (1 + np.exp(20.0)), rtol=1e-5)
    np.testing.assert_allclose(slope("non_saturating"), -1, rtol=1e-5)


@pytest.mark.parametrize("name", ["non_saturating", "relativistic"])
def test_large_logits_do_not_overflow(name):
    assert value(name, "discriminator", [-1e4], [1e4]) == pytest.approx(2e4, rel=1e-6)
    assert value(name, "generator", [1e4], [-1e4]) == pytest.approx(1e4 if name == "non_saturating" else 2e4, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "nothing"])
def test_who_wants_what(name):
    """D wants real logits up and fake ones down, G wants fake ones up; inside every loss's active range."""
    loss, real, fake = getattr(losses, name)(), jnp.array([0.3, 0.2, 0.1]), jnp.array([0.1, 0.4, 0.2])
    slopes = lambda player: jax.grad(lambda r, f: getattr(loss, player)(r, f, loss.init()).loss, (0, 1))(real, fake)
    d_real, d_fake = slopes("discriminator")
    assert np.all(d_real < 0) and np.all(d_fake > 0)
    g_real, g_fake = slopes("generator")
    assert np.all(g_fake < 0)
    assert np.all(g_real > 0) if name == "relativistic" else not np.any(g_real)


def test_hinge_is_content_beyond_its_margin():
    slopes = jax.grad(lambda r, f: losses.hinge().discriminator(r, f, ()).loss, (0, 1))(
        jnp.array([1.5]), jnp.array([-1.5])
    )
    assert not np.any(slopes[0]) and not np.any(slopes[1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_maps_of_logits_count_every_entry(name, player):
    """A PatchGAN's [B, h, w] weighs all entries alike, as if each were an image's."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    of_map = value(name, player, real, fake)
    np.testing.assert_allclose(of_map, value(name, player, real.ravel(), fake.ravel()), atol=1e-6)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_relativistic_logits_must_pair(player):
    with pytest.raises(ValueError, match=r"\(4,\) and \(8,\).*generator_batch_multiple"):
        value("relativistic", player, np.zeros(4), np.zeros(8))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "relativistic"])
def test_other_losses_take_more_fakes_than_reals(name):
    both = value(name, "discriminator"), value(name, "generator")
    np.testing.assert_allclose(
        (value(name, "discriminator", REAL, 2 * FAKE), value(name, "generator", REAL, 2 * FAKE)), both
    )


# --- top_k

REALS, FAKES = jnp.array([2.0, 0.5, -1.0, 0.0]), jnp.array([-3.0, 0.5, -0.5, 1.0])


@pytest.mark.parametrize("name", NAMES)
def test_top_k_is_the_loss_of_the_best_fakes(name):
    """Of four fakes, half: the second and the fourth (and the reals that they are paired with); all: the loss itself."""
    plain = getattr(losses, name)()
    for fraction, best in ((0.5, [1, 3]), (1.0, [0, 1, 2, 3]), (0.25, [3]), (0.01, [3])):
        loss = losses.top_k(plain, fraction)
        term = loss.generator(REALS, FAKES, loss.init())
        expected = plain.generator(REALS[jnp.array(best)], FAKES[jnp.array(best)], ())
        np.testing.assert_allclose(term.loss, expected.loss, rtol=1e-6)
        np.testing.assert_allclose(term.metrics["top_k"], len(best) / 4)
    np.testing.assert_allclose(
        loss.discriminator(REALS, FAKES, loss.init()).loss, plain.discriminator(REALS, FAKES, ()).loss
    )


def test_top_k_teaches_nothing_through_the_rest():
    loss = losses.top_k(losses.hinge(), 0.5)
    slope = jax.grad(lambda fake: loss.generator(REALS, fake, loss.init()).loss)(FAKES)
    np.testing.assert_allclose(slope, [0, -0.5, 0, -0.5])
    tied = jax.grad(lambda fake: loss.generator(REALS, fake, loss.init()).loss)(jnp.zeros(4))
    assert jnp.sum(tied != 0) == 2  # never more than k


def test_top_k_counts_the_generators_updates():
    """k falls by 0.99 an epoch of 10 updates, down to half; D's updates do not count. All in one program."""
    fraction = optax.exponential_decay(1.0, 10, 0.99, end_value=0.5)
    loss = losses.top_k(losses.hinge(), fraction)
    fakes = jnp.arange(200.0)
    step = jax.jit(lambda memory: loss.generator(REALS, fakes, memory))
    for updates, k in ((0, 200), (100, round(200 * 0.99**10)), (5000, 100)):
        term = step(loss.init() | {"updates": jnp.int32(updates)})
        np.testing.assert_allclose(term.loss, -np.mean(np.arange(200 - k, 200)), rtol=1e-6)
        assert int(term.memory["updates"]) == updates + 1
    assert int(loss.discriminator(REALS, fakes, loss.init()).memory["updates"]) == 0


def test_top_k_takes_maps_and_more_fakes_than_reals():
    loss = losses.top_k(losses.hinge(), 0.5)
    fakes = jnp.concatenate([FAKES, FAKES - 10]).reshape(2, 2, 2)
    np.testing.assert_allclose(loss.generator(REALS, fakes, loss.init()).loss, -np.mean([-3, 0.5, -0.5, 1]), rtol=1e-6)
    with pytest.raises(ValueError, match="generator_batch_multiple"):
        losses.top_k(losses.relativistic(), 0.5).generator(REALS, fakes, {"loss": (), "updates": jnp.int32(0)})


@pytest.mark.parametrize("fraction", [0.0, 1.5])
def test_top_k_refuses(fraction):
    with pytest.raises(ValueError, match="more than 0 and at most 1"):
        losses.top_k(losses.hinge(), fraction)


# --- what counts as right

TOLD = {  # which of the real and of the fake logits below D tells right
    "hinge": ([True, True, False, False], [False, False, True, False]),
    "non_saturating": ([True, True, False, False], [False, False, True, False]),
    "saturating": ([True, True, False, False], [False, False, True, False]),
    "least_squares": ([True, False, False, False], [False, True, True, True]),  # beyond the middle of 0 and 1
    "nothing": ([True, True, False, False], [False, False, True, False]),  # as of any logit
    "wasserstein": ([True, True, False, True], [False, False, True, False]),  # beyond -0.1375, between the two means
    "relativistic": ([True, False, True, False], [True, False, True, False]),  # by pairs
}


@pytest.mark.parametrize("name", NAMES)
def test_what_each_loss_calls_right(name):
    real, fake = jnp.array([2.0, 0.3, -1.0, 0.0]), jnp.array([0.8, 0.4, -3.6, 0.0])
    for loss in (getattr(losses, name)(), losses.top_k(getattr(losses, name)(), 0.5)):
        right = loss.right(real, fake)
        assert [each.tolist() for each in right] == list(TOLD[name]) and right[0].dtype == bool
    moved = losses.wasserstein().right(real + 7, fake + 7)
    assert [each.tolist() for each in moved] == list(TOLD["wasserstein"])  # the critic's zero means nothing


@pytest.mark.parametrize("name", NAMES)
def test_a_map_has_an_answer_for_every_entry(name):
    real, fake = jnp.ones((2, 3, 3)), -jnp.ones((2, 3, 3))
    of_real, of_fake = getattr(losses, name)().right(real, fake)
    assert of_real.shape == of_fake.shape == (2, 3, 3) and of_real.all() and of_fake.all()


def test_right_pairs_as_the_relativistic_loss_does():
    with pytest.raises(ValueError, match="pairs each real logit"):
        losses.relativistic().right(jnp.zeros(4), jnp.zeros(8))


def test_top_k_is_of_updates_alone():
    with pytest.raises(ValueError, match="a schedule of G's updates, not of images"):
        losses.top_k(losses.hinge(), ByImages(lambda kimg: 0.5))

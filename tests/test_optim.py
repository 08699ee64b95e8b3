"""Optimisers against their equations in plain numpy, and the moving average against its closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import optim
from gan_jax.optim import Ema
from gan_jax.types import ByImages, Clock

GRADIENTS = np.random.default_rng(0).normal(size=(3, 5))
START = np.linspace(-1, 1, 5)


def at(round, kimg=0.0):
    return Clock(jnp.int32(round), jnp.float32(kimg))


def descend(transform, gradients=GRADIENTS, start=START, images=1000):
    """The parameters after each gradient, in order: one a round, of so many images."""
    transform = optax.with_extra_args_support(transform)
    params = {"w": jnp.asarray(start, jnp.float32)}
    state, seen = transform.init(params), []
    for round, gradient in enumerate(gradients):
        clock = at(round, round * images / 1000)
        updates, state = transform.update({"w": jnp.asarray(gradient, jnp.float32)}, state, params, clock=clock)
        params = optax.apply_updates(params, updates)
        seen.append(np.asarray(params["w"]))
    return np.stack(seen)


def adam_by_hand(rates, b1, b2, eps, gradients=GRADIENTS):
    """Algorithm 1 of Kingma and Ba, arXiv:1412.6980."""
    x, m, v, seen = START.copy(), 0.0, 0.0, []
    for t, (rate, g) in enumerate(zip(rates, gradients, strict=True), start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        x = x - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        seen.append(x)
    return np.stack(seen)


@pytest.mark.parametrize("b1, b2", [(0.5, 0.999), (0.0, 0.9)])
def test_adam_by_hand(b1, b2):
    expected = adam_by_hand([0.1] * 3, b1, b2, 1e-8)
    np.testing.assert_allclose(descend(optim.adam(0.1, b1, b2)), expected, rtol=1e-5, atol=1e-6)


def test_adam_defaults_are_dcgans():
    np.testing.assert_allclose(descend(optim.adam()), adam_by_hand([2e-4] * 3, 0.5, 0.999, 1e-8), rtol=1e-6, atol=1e-7)


def test_adam_takes_its_epsilon():
    expected = adam_by_hand([0.1] * 3, 0.5, 0.9, 0.5)
    np.testing.assert_allclose(descend(optim.adam(0.1, 0.5, 0.9, eps=0.5)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_rmsprop_by_hand(scale):
    """The small gradients of a critic with clipped weights must not drown in epsilon: it stands outside of the root."""
    x, v, expected = START.copy(), 0.0, []
    for g in scale * GRADIENTS:
        v = 0.99 * v + 0.01 * g**2
        x = x - 0.01 * g / (np.sqrt(v) + 1e-8)
        expected.append(x)
    np.testing.assert_allclose(descend(optim.rmsprop(0.01), scale * GRADIENTS), expected, rtol=1e-4, atol=1e-5)


def test_sgd_by_hand():
    np.testing.assert_allclose(descend(optim.sgd(0.1)), START - 0.1 * np.cumsum(GRADIENTS, 0), rtol=1e-5, atol=1e-6)
    speed, x, expected = 0.0, START.copy(), []
    for g in GRADIENTS:
        speed = 0.9 * speed + g
        x = x - 0.1 * speed
        expected.append(x)
    np.testing.assert_allclose(descend(optim.sgd(0.1, momentum=0.9)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("images", [500, 1000])
@pytest.mark.parametrize("by_images", [False, True])
def test_a_schedule_is_of_the_round_or_of_images(by_images, images):
    schedule = optax.linear_schedule(0.1, 0.0, 2)
    rates = [0.1, 0.075, 0.05] if by_images and images == 500 else [0.1, 0.05, 0.0]
    rate = ByImages(schedule) if by_images else schedule
    expected = adam_by_hand(rates, 0.5, 0.9, 1e-8)
    np.testing.assert_allclose(descend(optim.adam(rate, 0.5, 0.9), images=images), expected, rtol=1e-5, atol=1e-6)
    moved = -np.diff(np.concatenate([START[None], descend(optim.sgd(rate), images=images)]), axis=0) / GRADIENTS
    np.testing.assert_allclose(moved, np.repeat(np.array(rates)[:, None], 5, 1), atol=1e-6)


@pytest.mark.parametrize("make", [optim.adam, optim.rmsprop, optim.sgd])
def test_an_optimiser_that_begins_anew_keeps_its_rate(make):
    """Adam's and RMSProp's moments are gone, and so is their count; the rate is that of the round."""
    transform = optax.with_extra_args_support(make(lambda round: 0.1 / (1 + round)))
    params = {"w": jnp.array([1.0, -2.0])}
    old = transform.init(params)
    for round in range(3):
        _, old = transform.update(params, old, params, clock=at(round))
    first = lambda round: transform.update(params, transform.init(params), params, clock=at(round))[0]["w"]
    np.testing.assert_allclose(first(3), first(0) / 4, rtol=1e-6)
    assert jax.tree.structure(old) == jax.tree.structure(transform.init(params))


def test_a_schedule_without_a_clock_is_refused():
    transform, params = optim.sgd(lambda round: 0.1), {"w": jnp.ones(2)}
    with pytest.raises(ValueError, match=r"a learning rate that is a schedule needs the time: update\(.*clock=clock\)"):
        transform.update(params, transform.init(params), params)


@pytest.mark.parametrize("rate", [-0.1, float("inf"), float("nan")])
@pytest.mark.parametrize("make", [optim.adam, optim.rmsprop, optim.sgd])
def test_rates_that_are_refused(make, rate):
    with pytest.raises(ValueError, match="learning_rate must be 0 or more"):
        make(rate)


def test_a_rate_keeps_types():
    transform, params = optim.at_rate(lambda round: 0.5), {"h": jnp.ones(3, jnp.bfloat16)}
    updates, _ = transform.update(params, transform.init(params), clock=at(0))
    assert updates["h"].dtype == jnp.bfloat16 and updates["h"].tolist() == [-0.5] * 3


@pytest.mark.parametrize("make", [optim.adam, optim.rmsprop, optim.sgd])
def test_clip_norm_is_of_the_whole_gradient(make):
    """A gradient of norm 10 over two leaves shrinks to norm 0.5 before the optimiser sees it; a short one is left alone."""
    params = {"a": jnp.zeros(2), "b": jnp.zeros((1, 1))}
    long = {"a": jnp.array([6.0, 0.0]), "b": jnp.array([[-8.0]])}
    short = jax.tree.map(lambda leaf: leaf * 0.05, long)
    after = lambda transform, gradient: transform.update(gradient, transform.init(params), params)[0]
    plain, clipped = make(0.1), make(0.1, clip_norm=0.5)
    for gradient in (long, short):
        for a, b in zip(*map(jax.tree.leaves, (after(clipped, gradient), after(plain, short))), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_average_by_hand():
    ema, average, expected = Ema(decay=0.75), {"w": jnp.array([1.0, -1.0])}, np.array([1.0, -1.0])
    update = jax.jit(functools.partial(ema.update, images=64))
    for round, now in enumerate([[2.0, 0.0], [0.0, 4.0]]):
        average = update(average, {"w": jnp.array(now)}, at(round))
        expected = 0.75 * expected + 0.25 * np.array(now)
        np.testing.assert_allclose(average["w"], expected, rtol=1e-6)


def test_half_life_in_thousands_of_images():
    """64 images a round and a half-life of 0.64 thousand: half is left after 10 rounds."""
    ema = Ema(decay=None, half_life_kimg=0.64)
    assert ema.decay_a_round(64) == pytest.approx(0.5**0.1)
    average = {"w": jnp.ones(())}
    for round in range(10):
        average = ema.update(average, {"w": jnp.zeros(())}, at(round), 64)
    np.testing.assert_allclose(average["w"], 0.5, rtol=1e-5)
    # StyleGAN's 10 thousand at batch 32: 0.5 ** (32 / 10000)
    assert Ema(None, 10).decay_a_round(32) == pytest.approx(0.99778, abs=1e-5)


def test_before_its_start_the_average_is_the_network():
    ema, average = Ema(decay=0.5, start=2), {"w": jnp.zeros(())}
    seen = []
    for round, now in enumerate([8.0, 4.0, 2.0, 3.0]):
        average = ema.update(average, {"w": jnp.float32(now)}, at(round), 64)
        seen.append(float(average["w"]))
    assert seen == [8.0, 4.0, 3.0, 3.0]  # then (4 + 2) / 2, and (3 + 3) / 2


def test_average_keeps_types():
    ema = Ema(0.5)
    average = ema.update({"h": jnp.zeros(3, jnp.bfloat16)}, {"h": jnp.ones(3, jnp.bfloat16)}, at(5), 64)
    assert average["h"].dtype == jnp.bfloat16 and float(average["h"][0]) == 0.5


def test_collections_that_are_copied_are_not_averaged():
    """By the name of the collection; a layer, or what a layer keeps, may have the same one."""
    layers = lambda x: {"averages": {"w": x}, "deep": {"averages": x}}
    tree = lambda x: {"params": layers(x), "stats": {"averages": {"w": x}, "batch": layers(x)["deep"]}}
    found = Ema(0.75).update(tree(jnp.zeros(2)), tree(jnp.ones(2)), at(3), 64, copied=("averages",))
    assert found["stats"]["averages"]["w"].tolist() == [1, 1]
    rest = jax.tree.leaves((found["params"], found["stats"]["batch"]))
    assert len(rest) == 3 and all(leaf.tolist() == [0.25, 0.25] for leaf in rest)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"decay": 0.9, "half_life_kimg": 1.0}, "either decay or half_life_kimg"),
        ({"decay": None}, "either decay or half_life_kimg"),
        ({"decay": None, "half_life_kimg": 0.0}, "half_life_kimg must be more than 0, got 0.0"),
        ({"decay": 1.0}, "decay must be from 0 to below 1, got 1.0"),
        ({"start": -1}, "start must be a whole number from 0 on, got -1"),
    ],
)
def test_what_an_average_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        Ema(**settings)


def penalty(matrix):
    """Eq. (3) of BigGAN, arXiv:1809.11096, as it stands."""
    products = matrix.T @ matrix
    return jnp.sum(jnp.square(products * (1 - jnp.eye(matrix.shape[1]))))


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (4, 4), (5, 1)])
def test_orthogonal_gradient_is_that_of_the_formula(shape):
    matrix = jax.random.normal(jax.random.key(0), shape)
    np.testing.assert_allclose(
        optim.orthogonal_gradient(matrix), jax.grad(penalty)(matrix), rtol=1e-4, atol=1e-4 * jnp.max(jnp.abs(matrix))
    )


def test_orthogonal_gradient_worked_out():
    """Columns (1, 2) and (3, 1): their product is 5, so the gradient of 2 * 25 is 4 * 5 times the other column."""
    np.testing.assert_allclose(optim.orthogonal_gradient(jnp.array([[1.0, 3.0], [2.0, 1.0]])), [[60, 20], [20, 40]])


def test_orthogonal_regularization_takes_kernels_alone():
    kernel = jax.random.normal(jax.random.key(0), (3, 3, 2, 4))
    params = {
        "block": {"kernel": kernel, "bias": jnp.ones(4)},
        "embedding": {"embedding": jnp.ones((5, 3))},
        "attention": {"theta": {"kernel": jnp.eye(3)}, "gain": jnp.ones(())},
    }
    gradients = jax.tree.map(jnp.ones_like, params)
    transform = optim.orthogonal_regularization(0.5)
    moved, _ = transform.update(gradients, transform.init(params), params)
    added = jax.tree.map(lambda a, b: a - b, moved, gradients)
    expected = 0.5 * jax.grad(lambda k: penalty(k.reshape(18, 4)))(kernel)
    np.testing.assert_allclose(added["block"]["kernel"], expected, rtol=1e-4, atol=1e-4)
    added["block"].pop("kernel")  # and the unit matrix is orthogonal already
    assert all(not leaf.any() for leaf in jax.tree.leaves(added))


def test_adam_with_orthogonal_makes_weights_orthogonal():
    transform = optim.adam(0.02, 0.0, 0.9, orthogonal=1e-2, clip_norm=10.0)
    params = {"kernel": jax.random.normal(jax.random.key(0), (6, 3))}
    state, first = transform.init(params), penalty(params["kernel"])

    @jax.jit
    def descend(params, state):
        updates, state = transform.update(jax.tree.map(jnp.zeros_like, params), state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(100):
        params, state = descend(params, state)
    assert penalty(params["kernel"]) < 0.01 * first
    with pytest.raises(ValueError, match="orthogonal must be 0 or more"):
        optim.adam(orthogonal=-1e-4)
    with pytest.raises(ValueError, match="needs the parameters"):
        optim.orthogonal_regularization(1.0).update(params, optax.EmptyState())

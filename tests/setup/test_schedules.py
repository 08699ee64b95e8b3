"""Our schedule against its formula, and what may move along one: Adam's b2, the average's half-life."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import optim
from gan_jax.optim import Ema
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError, construct
from gan_jax.setup.schedules import cosine_schedule, inverse_time_schedule, stairs_schedule
from gan_jax.setup.setup import Setup
from gan_jax.types import ByImages, Clock


def at(round, kimg=0.0):
    return Clock(jnp.int32(round), jnp.float32(kimg))


@pytest.mark.parametrize("first, last", [(0.9, 0.99), (0.0, 0.55), (150.0, 15.0)])
def test_half_a_cosine(first, last):
    schedule = cosine_schedule(first, last, 8)
    found = [float(schedule(jnp.int32(t))) for t in (0, 2, 4, 6, 8, 9, 1000)]
    quarter = (1 - math.cos(math.pi / 4)) / 2  # 0.146
    shares = [0, quarter, 1 / 2, 1 - quarter, 1, 1, 1]
    np.testing.assert_allclose(found, [first + (last - first) * share for share in shares], rtol=1e-5, atol=1e-7)


def test_falling_it_is_optaxs_cosine_decay():
    ours, theirs = cosine_schedule(2e-4, 5e-5, 10), optax.cosine_decay_schedule(2e-4, 10, alpha=0.25)
    for t in range(12):
        np.testing.assert_allclose(ours(t), theirs(t), rtol=1e-5)


@pytest.mark.parametrize("steps", [0, -1, math.inf, math.nan])
def test_a_cosine_of_no_length_is_refused(steps):
    with pytest.raises(ValueError, match="transition_steps must be more than 0"):
        cosine_schedule(0.0, 1.0, steps)


def adam_as_pytorch(b2s, gradients, rate=0.1, eps=1e-8):
    """Each step with its b2, for the moment and for what corrects its bias: v / (1 - b2^t); b1 is 0."""
    x, v, seen = 0.0, 0.0, []
    for t, (b2, g) in enumerate(zip(b2s, gradients, strict=True), start=1):
        v = b2 * v + (1 - b2) * g**2
        x = x - rate * g / (math.sqrt(v / (1 - b2**t)) + eps)
        seen.append(x)
    return seen


@pytest.mark.parametrize("by_images", [False, True])
def test_adams_b2_moves(by_images):
    """0.9, 0.945, 0.99 over two rounds of 500 images; seen as rounds or as thousands of images."""
    schedule = optax.linear_schedule(0.9, 0.99, 1 if by_images else 2)
    transform = optim.adam(0.1, 0.0, ByImages(schedule) if by_images else schedule)
    gradients, x, seen = [1.0, -3.0, 0.5, 2.0], jnp.zeros(()), []
    state = transform.init(x)
    for t, gradient in enumerate(gradients):
        update, state = transform.update(jnp.float32(gradient), state, x, clock=at(t, t * 0.5))
        x = x + update
        seen.append(float(x))
    np.testing.assert_allclose(seen, adam_as_pytorch([0.9, 0.945, 0.99, 0.99], gradients), rtol=1e-4)


def test_a_constant_schedule_is_the_number():
    params, told = jnp.ones(3), {"clock": at(5)}
    moving, still = optim.adam(0.1, 0.5, lambda round: 0.9), optim.adam(0.1, 0.5, 0.9)
    a, of_a = moving.update(params, moving.init(params), params, **told)
    b, of_b = still.update(params, still.init(params), params)
    np.testing.assert_allclose(a, b, rtol=1e-6)
    assert type(of_a) is type(of_b)


def test_b2_without_a_clock_is_refused():
    transform = optim.adam(b2=lambda round: 0.9)
    with pytest.raises(ValueError, match=r"a b2 that is a schedule needs the time: update\(.*clock=clock\)"):
        transform.update(jnp.ones(2), transform.init(jnp.ones(2)))


def test_a_half_life_that_grows_with_the_images():
    """StyleGAN2's ramp: a twentieth of the images so far, at most 500 thousand. At first there is no average at all."""
    ema = Ema(None, ByImages(optax.linear_schedule(0.0, 500.0, 10_000)))
    seen, average = [], {"w": jnp.zeros(())}
    for kimg in (0.0, 20.0, 40_000.0):
        average = ema.update(average, {"w": jnp.ones(())}, at(7, kimg), 1000)
        seen.append(float(average["w"]))
        average = {"w": jnp.zeros(())}
    np.testing.assert_allclose(seen, [1.0, 1 - 0.5**1.0, 1 - 0.5 ** (1 / 500)], rtol=1e-3)
    by_round = Ema(None, lambda round: 1.0 * round)
    np.testing.assert_allclose(by_round.decay_a_round(1000, at(2)), 0.5**0.5, rtol=1e-6)


def test_a_config_names_it():
    settings = {"schedule": "cosine", "init_value": 0.9, "end_value": 0.99, "transition_steps": 10, "counts": "kimg"}
    transform = construct("optim", {"type": "adam", "b1": 0.0, "b2": settings}, "optim.generator")
    update = transform.update(jnp.ones(()), transform.init(jnp.ones(())), jnp.ones(()), clock=at(0))[0]
    np.testing.assert_allclose(update, -2e-4, rtol=1e-4)
    with pytest.raises(ConfigError, match=r"optim.generator.b2.transition_steps must be more than 0, got 0"):
        construct("optim", {"type": "adam", "b2": {**settings, "transition_steps": 0}}, "optim.generator")
    with pytest.raises(ConfigError, match=r"no schedule 'cosin' \(did you mean 'cosine'\?\)"):
        construct("optim", {"type": "adam", "b2": {**settings, "schedule": "cosin"}}, "optim.generator")


def test_stairs_change_at_their_boundaries():
    schedule = stairs_schedule((1.0, 2.0, 0.5), (3.0, 7.0))
    assert [float(schedule(count)) for count in (0, 2.9, 3, 6, 7, 100)] == [1, 1, 2, 2, 0.5, 0.5]
    for values, boundaries in (((1.0,), (2.0,)), ((1.0, 2.0, 3.0), (5.0, 4.0)), ((1.0, 2.0, 3.0), (5.0, 5.0))):
        with pytest.raises(ValueError, match="boundaries that rise and one value more"):
            stairs_schedule(values, boundaries)


def test_inverse_time_is_torchs_decay():
    """1e-4 / (1 + 5e-5 i): AdaIN's; traced rounds too."""
    rate = inverse_time_schedule(1e-4, 5e-5)
    for i in (0, 1, 20_000, 160_000):
        np.testing.assert_allclose(jax.jit(rate)(jnp.int32(i)), 1e-4 / (1 + 5e-5 * i), rtol=1e-6)
    with pytest.raises(ValueError, match="must be 0 or more"):
        inverse_time_schedule(1e-4, -1.0)


@pytest.mark.parametrize("key", ["alpha", "exponent"])
def test_what_a_schedule_takes_is_a_number(key):
    config = load_config("ssgan_digits")
    config.optim.generator.learning_rate[key] = "nan"
    with pytest.raises(ConfigError, match=f"learning_rate.{key} is a number, not 'nan'"):
        Setup.of(config)

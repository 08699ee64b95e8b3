"""Projection finds what the generator itself drew."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.projection import project, squared_error, with_features
from gan_jax.game import sampled
from gan_jax.methods.samplers import with_noise
from gan_jax.nn.compiling import compiled

KEY = jax.random.key(2)
sampled_at_once = compiled(sampled, quick=True)
made_at_once = compiled(lambda sampler, codes: sampler.synthesize(codes)[0], quick=True)


def drawn(sampler, first=1000):
    return np.asarray(sampled_at_once(sampler, KEY, jnp.arange(first, first + 2, dtype=jnp.uint32))[0])


@pytest.mark.parametrize(("name", "space"), [("styled", "w"), ("plain", "z")])
def test_its_own_images_are_found_again(name, space, request):
    sampler = request.getfixturevalue(name)
    sampler = with_noise(sampler, "none") if name == "styled" else sampler
    images = drawn(sampler)
    found = project(sampler, images, KEY, space=space, steps=300, progress=False)
    assert found.history[-1] < 0.1 * found.history[0]
    assert (found.distances < 0.05 * np.var(images)).all()
    np.testing.assert_allclose(found.distances, np.mean((found.images - images) ** 2, (1, 2, 3)), rtol=1e-4)
    again = np.asarray(made_at_once(sampler, found.codes))
    np.testing.assert_allclose(again, found.images, rtol=1e-4, atol=1e-5)
    if space == "w":
        assert np.ptp(np.asarray(found.codes["w"]), axis=1).max() == 0


def test_a_code_a_layer_comes_nearer_than_one_for_all(styled):
    sampler = with_noise(styled, "none")
    images = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype(np.float32)
    near = {space: project(sampler, images, KEY, space=space, steps=100, progress=False) for space in ("w", "w+")}
    assert near["w+"].distances < near["w"].distances
    assert np.ptp(np.asarray(near["w+"].codes["w"]), axis=1).max() > 0


def test_features_are_compared_at_unit_length():
    """By hand: (3, 4) and (4, 3) are 0.6, 0.8 and 0.8, 0.6, so 0.04 + 0.04 apart at each place."""
    observer = lambda images: {"a": images * jnp.ones((1, 1, 1, 1)), "b": jnp.ones((len(images), 5))}
    x, y = jnp.array([3.0, 4.0]).reshape(1, 1, 1, 2), jnp.array([4.0, 3.0]).reshape(1, 1, 1, 2)
    np.testing.assert_allclose(squared_error(x, y), [1.0])
    np.testing.assert_allclose(with_features(observer, 10.0)(x, y), [1.0 + 10 * 0.08 / 2], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"space": "w+"}, "no space 'w\\+' to project to; it has z"),
        ({"steps": 0}, "1 step or more"),
        ({"rate": float("nan")}, "rate above 0"),
    ],
)
def test_what_is_refused(plain, options, message):
    with pytest.raises(ValueError, match=message):
        project(plain, np.zeros((1, 8, 8, 1)), KEY, **options)
    with pytest.raises(ValueError, match=r"makes images of \[8, 8, 1\]; these are \[4, 4, 1\]"):
        project(plain, np.zeros((1, 4, 4, 1)), KEY)


@pytest.mark.parametrize("steps", [7, 25])
def test_as_many_steps_as_asked_are_played(plain, steps):
    found = project(plain, drawn(plain), KEY, steps=steps, progress=False)
    assert found.history.shape == (steps,)

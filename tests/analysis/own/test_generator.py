"""A function of one's own as a sampler: what it draws, what is refused, traced by JAX and called as it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.own.generator import own_generator
from gan_jax.analysis.projection import project
from gan_jax.analysis.walks import on_the_way, places
from gan_jax.game import Edit, sampled
from gan_jax.latents import normal, uniform
from gan_jax.methods.samplers import GeneratorSampler, with_batch_norm, with_noise
from gan_jax.methods.truncation import truncated

KEY = jax.random.key(3)
RNG = np.random.default_rng(0)
FIRST, LAST = RNG.normal(size=(6, 8 * 8 * 4)).astype(np.float32), RNG.normal(size=(4, 3)).astype(np.float32)
INDICES = jnp.arange(5, dtype=jnp.uint32)


def formula(z, tanh=np.tanh):
    """From 0 to 1, [n, 8, 8, 3]; and its hidden layer."""
    hidden = tanh(z @ FIRST).reshape(-1, 8, 8, 4)
    return hidden, 0.5 + 0.5 * tanh(hidden @ LAST)


def in_numpy(z, layer):
    hidden = layer("hidden", formula(z)[0])
    return 0.5 + 0.5 * np.tanh(hidden @ LAST)


def in_jax(z, layer):
    hidden = layer("hidden", formula(z, jnp.tanh)[0])
    return 0.5 + 0.5 * jnp.tanh(hidden @ LAST)


MADE = {each.__name__: own_generator(each, latents=6, pixel_range=(0, 1)) for each in (in_numpy, in_jax)}
both = pytest.mark.parametrize("kind", MADE)
drawn = jax.jit(sampled)


@both
def test_images_are_the_functions_own_in_the_range_of_all_images(kind):
    sampler = MADE[kind]
    images, starts = drawn(sampler, KEY, INDICES)
    np.testing.assert_allclose(images, 2 * formula(np.asarray(starts["z"]))[1] - 1, atol=1e-5)
    assert (sampler.traced, sampler.given, sampler.target, sampler.num_classes) == (kind == "in_jax", (), "image", 0)
    assert ("without gradients" in repr(sampler)) == (kind == "in_numpy")


def test_latents_are_those_of_any_other_generator():
    other = GeneratorSampler(None, {}, normal(6))
    object.__setattr__(other, "_draws_noise", False)
    np.testing.assert_array_equal(MADE["in_numpy"].starts(KEY, INDICES)["z"], other.starts(KEY, INDICES)["z"])
    z = own_generator(in_jax, latents=uniform(6), pixel_range=(0, 1)).starts(KEY, jnp.arange(64))["z"]
    assert 0.9 < np.abs(z).max() <= 1


@both
def test_an_image_depends_on_its_index_alone(kind):
    whole = drawn(MADE[kind], KEY, INDICES)[0]
    np.testing.assert_allclose(drawn(MADE[kind], KEY, INDICES[3:])[0], whole[3:], atol=1e-6)


@both
def test_a_named_layer_is_seen_and_edited(kind):
    sampler = MADE[kind]
    codes = sampler.starts(KEY, INDICES)
    where = jnp.zeros((1, 8, 8, 1)).at[:, 2].set(1.0)
    edit = Edit(where, jnp.array([0.0, 1.0, 1.0, 1.0]), jnp.array([0.5, 0.0, 0.0, 0.0]))
    play = jax.jit(lambda sampler, codes, edits: sampler.synthesize(codes, ("hidden",), edits))
    plain, seen = play(sampler, codes, {})
    hidden, images = formula(np.asarray(codes["z"]))
    np.testing.assert_allclose(seen["hidden"], hidden, atol=1e-5)
    changed, seen = play(sampler, codes, {"hidden": edit})
    hidden[:, 2, :, 0] = 0.5
    np.testing.assert_allclose(seen["hidden"], hidden, atol=1e-5)
    np.testing.assert_allclose(changed, np.tanh(hidden @ LAST), atol=1e-5)
    np.testing.assert_array_equal(np.delete(changed, 2, 1), np.delete(plain, 2, 1))
    for asked in ({"taps": ("hiden",)}, {"edits": {"hiden": edit}}):
        with pytest.raises(ValueError, match="no tap hiden; it has hidden"):
            sampler.synthesize(codes, **asked)


def test_functions_of_jax_have_gradients_and_others_say_that_they_have_none():
    total = lambda sampler: jax.grad(lambda z: jnp.sum(sampler.synthesize({"z": z})[0]))
    z = MADE["in_jax"].starts(KEY, INDICES)["z"]
    assert np.abs(total(MADE["in_jax"])(z)).min() > 0
    with pytest.raises(ValueError, match="generate is a function of NumPy or PyTorch.*its images have no gradient"):
        total(MADE["in_numpy"])(z)
    images = np.asarray(drawn(MADE["in_jax"], KEY, INDICES[:1] + 1000)[0])  # none of its guesses
    with pytest.raises(ValueError, match="no gradient"):
        project(MADE["in_numpy"], images, KEY, steps=1, progress=False)
    found = project(MADE["in_jax"], images, KEY, steps=60, progress=False)
    assert found.history[-1] < 0.5 * found.history[0]


@both
def test_walks_and_truncation_take_it(kind):
    space, codes = places(MADE[kind], KEY, INDICES[:2])
    way = np.stack(list(on_the_way(MADE[kind], space, codes, 2, loop=False)))
    np.testing.assert_allclose(way[[0, -1]], drawn(MADE[kind], KEY, INDICES[:2])[0], atol=1e-5)
    near = truncated(MADE[kind], 0.1)
    assert np.abs(drawn(near, KEY, INDICES)[1]["z"]).max() <= 0.1
    with pytest.raises(ValueError, match="draw no noise"):
        with_noise(near, "none")
    with pytest.raises(ValueError, match="running statistics alone"):
        with_batch_norm(near, "standing", KEY)


def test_weights_are_arrays_of_the_sampler():
    function = lambda weights, z: jnp.tanh(z @ weights["a"]).reshape(-1, 8, 8, 4)
    one, other = (
        own_generator(function, weights={"a": scale * FIRST}, latents=6, pixel_range=(-1, 1)) for scale in (1, 2)
    )
    assert any(np.array_equal(leaf, 2 * FIRST) for leaf in jax.tree.leaves(other))
    expected = np.tanh(2 * np.asarray(one.starts(KEY, INDICES)["z"]) @ FIRST).reshape(-1, 8, 8, 4)
    moved = one.replace(variables={**one.variables, "weights": other.variables["weights"]})
    for sampler in (other, moved):
        np.testing.assert_allclose(drawn(sampler, KEY, INDICES)[0], expected, atol=1e-5)


def test_without_weights_images_tell_two_generators_apart():
    other = own_generator(lambda z: 0.9 * formula(z)[1], latents=6, pixel_range=(0, 1))
    assert not all(
        np.array_equal(a, b) for a, b in zip(jax.tree.leaves(other), jax.tree.leaves(MADE["in_numpy"]), strict=True)
    )


@pytest.mark.parametrize("layers", [None, 3])
@pytest.mark.parametrize("xp", [np, jnp])
def test_codes_w(layers, xp):
    """One code for all layers, or one a layer; halfway to the average of many, as psi says."""
    shape = (-1, 4) if layers is None else (-1, layers, 4)
    lift = FIRST[:, : 4 * (layers or 1)]
    draw = lambda w: xp.tanh(w.reshape(len(w), -1)[:, -4:] @ LAST.repeat(16, 1)).reshape(-1, 4, 4, 3)
    of = {"map": lambda z: xp.tanh(z @ lift).reshape(*shape), "synthesize": draw}
    sampler = own_generator(latents=6, pixel_range=(-1, 1), **of)
    assert sampler.maps and sampler.layers == (layers or 1) and sampler.traced == (xp is jnp)
    codes = jax.jit(lambda s: s.map(s.starts(KEY, INDICES)))(sampler)
    w = np.tanh(np.asarray(codes["z"]) @ lift).reshape(5, layers or 1, 4)
    np.testing.assert_allclose(codes["w"], w, atol=1e-5)
    np.testing.assert_allclose(sampler.synthesize(codes)[0], draw(w), atol=1e-5)
    many = np.tanh(np.asarray(normal(6).draw(jax.random.key(1), 512)) @ lift).reshape(512, layers or 1, 4).mean(0)
    half = truncated(sampler, 0.5)
    np.testing.assert_allclose(half.map(half.starts(KEY, INDICES))["w"], many + 0.5 * (w - many), atol=1e-5)
    assert places(sampler, KEY, INDICES)[0] == "w"


CALLS = []


def noisy(z):
    CALLS.append(z)
    return formula(z)[1] * (0.5 + 0.1 * (len(CALLS) % 3))


@pytest.mark.parametrize(
    ("function", "changes", "message"),
    [
        (None, {}, "generate .z -> images., or map .z -> w. and synthesize"),
        (3, {}, "generate is a function of arrays, not int"),
        (in_jax, {"map": in_jax}, "one of the two"),
        (in_jax, {"latents": 0}, "latents must be a whole number from 1 on, got 0"),
        (in_jax, {"latents": "normal"}, "latents are Z, how many numbers"),
        (in_jax, {"latents": 7}, "generate was called with a NumPy array .8, 7. and failed: ValueError: matmul"),
        (in_jax, {"pixel_range": (1, 0)}, "pixel_range is black and white"),
        (in_jax, {"pixel_range": 255}, "pixel_range is black and white, such as .* got 255"),
        (
            in_jax,
            {"pixel_range": (0, 255)},
            r"pixel_range is \(0, 255\), and its images .* to .*, hardly any difference",
        ),
        (
            lambda z: 2 * formula(z)[1] - 1,
            {},
            r"pixel_range is \(0, 1\), and its images of 8 latents have values from -0.9",
        ),
        (lambda z: formula(z)[1].transpose(0, 3, 1, 2), {}, r"returned \[8, 3, 8, 8\]: channels come last, so return"),
        (lambda z: formula(z)[1][0], {}, r"must return images \[n, H, W, C\] of 8 latents, .* returned \[8, 8, 3\]"),
        (lambda z: formula(z)[1] * np.nan, {}, "not finite"),
        (lambda z: "picture", {}, "must return an array of numbers, and returned str"),
        (noisy, {}, "other images for the same latents: it draws chance inside"),
        (lambda z: formula(z - z.mean(0))[1], {}, "depends on the latents beside its own: batch statistics"),
        (lambda z, layer: (layer("a", z), layer("a", z), formula(z)[1])[2], {}, "layer.'a', .... twice"),
        (lambda z, layer: (layer("a", 3.0), formula(z)[1])[1], {}, "takes an activation"),
    ],
)
def test_what_is_refused(function, changes, message):
    with pytest.raises(ValueError, match=message):
        own_generator(function, **{"latents": 6, "pixel_range": (0, 1), **changes})


def test_codes_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"map takes z \[8, Z\] to w .* it returned \[4\]"):
        own_generator(map=lambda z: z[0, :4], synthesize=lambda w: w, latents=6, pixel_range=(0, 1))

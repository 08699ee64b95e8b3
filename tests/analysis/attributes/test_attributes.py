"""Planes, edits and what leaks, of a generator whose attributes are known directions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.attributes.edits import effect, images_along, leakage, spread_of
from gan_jax.analysis.attributes.planes import attribute_planes, holding
from gan_jax.analysis.attributes.samples import scored, space_of
from gan_jax.analysis.directions import Direction, generator_hash, with_directions
from gan_jax.game import sampled

KEY = jax.random.key(0)
DIM, LAYERS = 5, 3  # of the linear generator
GLASSES, BEARD = np.array([1.0, 0, 0, 0, 0]), np.array([0.6, 0.8, 0, 0, 0])
SETTINGS = {"share": 0.1, "seed": 0}


def planes_of(told, sampler, space, num=1500):
    found = scored(sampler, KEY, num, told, space, progress=False)
    return found, attribute_planes(found, generator_hash(sampler), **SETTINGS)


def unit(vector):
    return np.asarray(vector).ravel() / np.linalg.norm(vector)


def test_latents_and_scores_are_those_of_the_sample(linear, told):
    sampler = linear()
    found = scored(sampler, KEY, 70, told, "z", progress=False)
    images, starts = sampled(sampler, KEY, jnp.arange(70, dtype=jnp.uint32))
    np.testing.assert_allclose(found.latents, starts["z"], rtol=1e-6)
    np.testing.assert_allclose(found.scores["beard"], 8 * images[:, 0, 1, 0], rtol=1e-5, atol=1e-6)
    assert found.space == "z" and scored(sampler, KEY, 3, told, progress=False).space == "w"
    of_w = scored(sampler, KEY, 70, told, "w", progress=False)
    np.testing.assert_allclose(of_w.latents, 2 * starts["z"], rtol=1e-6)


def test_numbers_of_z_that_no_image_is_made_of_tell_nothing(linear, told):
    found = scored(linear(styled=False, used=2), KEY, 10, told, "z", progress=False)
    assert np.all(found.latents[:, 2:] == 0) and np.all(found.latents[:, :2] != 0)


@pytest.mark.parametrize("space", ["z", "w"])
def test_the_normals_are_the_directions_that_the_generator_draws_by(space, linear, told):
    sampler = linear()
    _, planes = planes_of(told, sampler, space)
    for name, truth in (("glasses", GLASSES), ("beard", BEARD)):
        direction = planes[name].direction
        assert unit(direction.vector) @ truth > 0.97
        assert np.linalg.norm(direction.vector) == pytest.approx(2 if space == "w" else 1, rel=0.08)  # one deviation
        assert (direction.space, direction.name, direction.seed) == (space, name, 0)
        assert planes[name].boundary.validation > 0.97


def test_in_w_plus_every_layer_has_its_own(linear, told):
    """Glasses are drawn by layer 0 alone, beards by layer 1: the other layers' codes say nothing, and are left alone."""
    found, planes = planes_of(told, linear(), "w+")
    assert found.latents.shape == (1500, LAYERS, DIM)
    assert np.abs(np.corrcoef(found.latents[:, 0, 0], found.latents[:, 1, 0])[0, 1]) < 0.1
    for name, layer, truth in (("glasses", 0, GLASSES), ("beard", 1, BEARD)):
        vector = planes[name].direction.vector
        assert vector.shape == (LAYERS, DIM) and unit(vector[layer]) @ truth > 0.97
        assert np.linalg.norm(np.delete(vector, layer, 0)) < 0.25 * np.linalg.norm(vector)


def test_holding_others_leaves_them_alone(linear, told):
    sampler = linear()
    found, planes = planes_of(told, sampler, "w")
    held = holding(found, planes, "glasses", ["beard"])
    assert held.name == "glasses_holding_beard"
    assert abs(unit(held.vector) @ planes["beard"].boundary.normal) < 1e-6
    wanted = GLASSES - 0.6 * BEARD
    assert unit(held.vector) @ unit(wanted) > 0.97
    indices = np.arange(2000, 2040)
    plain = effect(sampler, KEY, indices, planes["glasses"].direction, told)
    freed = effect(sampler, KEY, indices, held, told)
    assert plain.slopes["beard"] / plain.slopes["glasses"] == pytest.approx(0.6, abs=0.1)
    assert abs(freed.slopes["beard"] / freed.slopes["glasses"]) < 0.15
    with pytest.raises(ValueError, match="attribute 'hat' is not known.*glasses, beard"):
        holding(found, planes, "glasses", ["hat"])


def test_effects_and_leakage_by_hand(linear, told):
    """Along glasses by 1 in w the first pixel's score grows by 1, the second's by 0.6; both have a deviation of 2."""
    sampler = linear()
    direction = Direction("glasses", "w", GLASSES, "by hand", "1", generator_hash(sampler))
    found = effect(sampler, KEY, np.arange(50), direction, told, amount=0.5)
    assert found.slopes == pytest.approx({"glasses": 1.0, "beard": 0.6}, rel=1e-5)
    w = 2 * np.asarray(sampler.starts(KEY, jnp.arange(50))["z"])
    assert found.flips["glasses"] == np.mean(np.abs(w @ GLASSES) < 0.5)
    table = leakage({"glasses": found.slopes, "turn": {"glasses": 2.0, "beard": 3.0}}, {"glasses": 2.0, "beard": 1.5})
    assert table["glasses"] == pytest.approx({"glasses": 1.0, "beard": 0.8}, rel=1e-5)
    assert table["turn"] == {"glasses": 1.0, "beard": 2.0}
    assert spread_of({"a": np.array([1.0, 3.0])}) == {"a": 1.0}
    with pytest.raises(ValueError, match="an amount above 0"):
        effect(sampler, KEY, [0], direction, told, amount=0.0)


@pytest.mark.parametrize("space", ["z", "w"])
def test_edits_go_by_an_amount_or_to_a_distance(space, linear, told):
    sampler = linear()
    scale = {"z": 2.0, "w": 1.0}[space]  # of a pixel's score for a step of 1
    direction = Direction("glasses", space, 0.5 * GLASSES, "by hand", "a half", generator_hash(sampler))
    indices = [3, 8, 5]
    before = told(np.asarray(sampled(sampler, KEY, jnp.asarray(indices))[0]))["glasses"]
    by = images_along(sampler, KEY, indices, direction, [-1, 0, 2])
    assert by.shape == (3, 3, 1, 2, 1)
    for k, amount in enumerate((-1, 0, 2)):
        np.testing.assert_allclose(told(by[:, k])["glasses"], before + 0.5 * scale * amount, rtol=1e-4, atol=1e-5)
    to = images_along(sampler, KEY, indices, direction, [-1, 0, 2], by_distance=True)
    for k, distance in enumerate((-1, 0, 2)):
        np.testing.assert_allclose(told(to[:, k])["glasses"], 0.5 * scale * distance, atol=1e-5)
    same = with_directions(sampler, [(direction, 2.0)])
    np.testing.assert_allclose(sampled(same, KEY, jnp.asarray(indices))[0], by[:, 2], rtol=1e-5, atol=1e-6)


def test_of_some_layers_an_edit_is_by_its_amount(linear, told):
    sampler = linear()
    direction = Direction("glasses", "w", GLASSES, "by hand", "1", generator_hash(sampler), layers=(1, 3))
    made = images_along(sampler, KEY, [4], direction, [0, 1], by_distance=True)
    assert told(made[:, 0])["glasses"] == told(made[:, 1])["glasses"]
    np.testing.assert_allclose(told(made[:, 1])["beard"] - told(made[:, 0])["beard"], 0.6, rtol=1e-4)


def test_what_is_refused(linear, told):
    with pytest.raises(ValueError, match="this generator has no space 'w'; it has z"):
        space_of(linear(styled=False), "w")
    with pytest.raises(ValueError, match=r"'w\+'; it has z"):
        scored(linear(styled=False), KEY, 5, told, "w+", progress=False)
    with pytest.raises(ValueError, match=r"a number an image, \[5\]; glasses is \[5, 1\]"):
        scored(linear(), KEY, 5, lambda images: {"glasses": images[:, 0, 0]}, "z", progress=False)
    found, _ = planes_of(told, linear(), "w", 100)
    with pytest.raises(ValueError, match="attribute 'glases' is not known .did you mean 'glasses'"):
        attribute_planes(found, "", ["glases"])
    one_kind = found._replace(scores={"glasses": np.abs(found.scores["glasses"])})
    with pytest.raises(ValueError, match="glasses: an attribute needs images with it and without, .* all with it"):
        attribute_planes(one_kind, "", **SETTINGS)

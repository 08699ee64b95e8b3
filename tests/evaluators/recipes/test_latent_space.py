"""Path length and separability of a generator whose latent space is known."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.evaluators.recipes.latent_space import perceptual_path, separability, step_lengths
from gan_jax.evaluators.recipes.named import find_recipe

KEY = jax.random.key(0)


class Sampler(struct.PyTreeNode):
    """Two numbers z of length 1 become w = 3 z, and an image of 2 pixels of w, around the middle of the range."""

    given = ()
    maps = True

    def starts(self, key, indices, given=None):
        angle = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(key, i), (), maxval=2 * np.pi))(indices)
        return {"z": jnp.stack([jnp.cos(angle), jnp.sin(angle)], -1)}

    def map(self, starts):
        return {**starts, "w": jnp.repeat(3 * starts["z"][:, None], 2, 1)}

    def synthesize(self, codes, taps=(), edits=None):
        return (codes["w"][:, 0] / 10).reshape(-1, 1, 2, 1), {}


def extractor(images):
    """The image's two pixels, less the middle: of unit length they are a direction."""
    return {"pooled": images.reshape(len(images), -1) - 127.5}


HOW = ("z", True, "pooled", 1e-2)


def test_steps_along_the_sphere_turn_by_the_angle_between_their_ends():
    """By hand: slerp turns evenly, by the angle between both ends, so that |u(t) - u(t + eps)|^2 / eps^2 is its square."""
    indices = jnp.arange(20, dtype=jnp.uint32)
    found = step_lengths(Sampler(), extractor, KEY, indices, HOW)
    ends = [np.asarray(Sampler().starts(KEY, 2 * indices + k)["z"]) for k in (0, 1)]
    angle = np.arccos(np.clip(np.sum(ends[0] * ends[1], -1), -1, 1))
    np.testing.assert_allclose(found, angle**2, rtol=2e-2, atol=1e-3)
    at_end = step_lengths(Sampler(), extractor, KEY, indices, ("z", False, "pooled", 1e-2))
    np.testing.assert_allclose(at_end, angle**2, rtol=2e-2, atol=1e-3)


def test_steps_in_w_go_straight_on():
    """At t = 0 the direction turns by sin(angle) a unit of t, where both ends are equally long."""
    indices = jnp.arange(20, dtype=jnp.uint32)
    found = step_lengths(Sampler(), extractor, KEY, indices, ("w", False, "pooled", 1e-2))
    ends = [np.asarray(Sampler().starts(KEY, 2 * indices + k)["z"]) for k in (0, 1)]
    sine = ends[0][:, 0] * ends[1][:, 1] - ends[0][:, 1] * ends[1][:, 0]
    np.testing.assert_allclose(found, sine**2, rtol=5e-2, atol=1e-3)


def evidence(**parts):
    logits = lambda n: np.asarray(Sampler().starts(KEY, jnp.arange(n, dtype=jnp.uint32))["z"])
    seen = {
        "fake": Sampler(),
        "fake_set": None,
        "seed": 0,
        "open": lambda name: extractor if name == "pixels" else SimpleNamespace(attributes=("right", "round")),
        "bar": lambda what, unit: lambda items: items,
        "fake_features": lambda name, tap, n: np.stack([logits(n)[:, 0], np.cos(2 * np.arctan2(*logits(n).T))], 1),
    }
    return SimpleNamespace(**(seen | parts))


def test_the_recipes_are_named_for_their_protocol():
    recipe = find_recipe("ppl_z_full10k_faces", {"faces": "attributes"})
    assert (recipe.fakes, recipe.split, recipe.settings["sampling"]) == (10_000, None, "full")
    found = perceptual_path(evidence(open=lambda name: jax.tree_util.Partial(extractor)), recipe, 64, 0)
    assert found.settings["kept"] == 64 - 0 or found.settings["kept"] > 60
    assert found.numbers[0].value > 0.5 and found.numbers[0].spread > 0


def test_separability_counts_what_a_plane_leaves_open():
    recipe = find_recipe("separability_z10k_faces", {"faces": "attributes"})
    found = {each.part: each.value for each in separability(evidence(), recipe, 300, 0).numbers}
    assert found["right"] < 0.05 < 0.5 < found["round"]
    np.testing.assert_allclose(found[""], 2 ** (found["right"] + found["round"]), rtol=1e-6)


def test_what_has_no_latent_space_is_refused():
    recipe = find_recipe("ppl_w_end10k_faces", {"faces": "attributes"})
    with pytest.raises(ValueError, match="no mapping network"):
        perceptual_path(evidence(fake=SimpleNamespace(given=(), maps=False)), recipe, 64, 0)
    with pytest.raises(ValueError, match="starts from images"):
        separability(evidence(fake=SimpleNamespace(given=("a",))), recipe, 64, 0)

"""A recipe that cannot be measured takes no other with it."""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.architectures import mlp
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.features.extractor import Extractor
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.runtime.mesh import make_mesh

NETS = ("fits", "another size", "no weights")


def _seen(variables, images):
    del variables
    return {"mean": images.astype(jnp.float32).mean((1, 2))}


def _another_size(variables, images):
    if images.shape[1:] != (32, 32, 1):
        raise ValueError(f"this network takes images of 32 x 32, not {images.shape[1:]}")
    return _seen(variables, images)


def _open(name):
    if name == "no weights":
        raise OSError("there are no weights")
    return Extractor(_another_size if name == "another size" else _seen, {}, name, "none", "")


def _mean_feature(evidence, recipe, n_fake, n_real):
    del n_real
    return Outcome([Measured("", float(evidence.fake_features(recipe.extractor, "mean", n_fake).mean()))])


def _mean_pixel(evidence, recipe, n_fake, n_real):
    del recipe, n_real
    return Outcome([Measured("", float(evidence.fake_images(n_fake).mean()))])


def test_a_network_that_cannot_look_stops_its_own_recipe_alone():
    generator = mlp.Generator((4, 4, 1), (5,))
    variables = generator.init(jax.random.key(3), jnp.zeros((2, 4)), None, train=False)
    sampler = GeneratorSampler(generator, variables, normal(4))
    fakes = ArraySet(np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), np.uint8))
    of_nets = {name: Recipe(_mean_feature, "", 8, 0, split=None, extractor=name) for name in NETS}
    recipes = {**of_nets, "pixels": Recipe(_mean_pixel, "", 8, 0, split=None)}
    for fake in (sampler, fakes):
        evidence = Evidence(fake, {}, _open, make_mesh(), batch_size=4, quiet=True)
        facts = {"subject": "x", "step": 1, "weights": "ema", "batch_norm": "running", "truncation": None}
        found = dict(zip(recipes, judge(evidence, recipes, {**facts, "drawing": "index"}), strict=True))
        assert found["another size"] == Failed("another size", "this network takes images of 32 x 32, not (4, 4, 1)")
        assert found["no weights"] == Failed("no weights", "there are no weights")
        (through,), (pixels,) = found["fits"], found["pixels"]
        np.testing.assert_allclose(through.value, pixels.value, rtol=1e-6)

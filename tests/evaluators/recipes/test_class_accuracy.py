"""Whether samples are of their class, and whether codes agree with classes, by a classifier that looks at one pixel."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.features.extractor import Extractor
from gan_jax.latents import coded, uniform
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.runtime.mesh import make_mesh


def _classes(variables, images):
    """Black is class 0, white class 1, grey class 2."""
    level = images[:, 0, 0, 0].astype(jnp.float32)
    return {"logits": -jnp.abs(level.reshape(-1, 1) - jnp.array([[0.0, 255.0, 128.0]]))}


def _sides(variables, images):
    return {"logits": (images[:, 0, :, 0].astype(jnp.float32) - 128) / 10}


def set_of(levels, labels, classes):
    return ArraySet(np.array(levels, np.uint8).reshape(len(levels), 1, -1, 1), np.array(labels), classes=classes)


def judged(recipe, net, told, fake, real=None):
    splits = {} if real is None else {"train": lambda: real}
    evidence = Evidence(fake, splits, lambda name: net, make_mesh(), quiet=True, force=True)
    recipe = f"{recipe}_{net.name}"
    found = judge(evidence, {recipe: find_recipe(recipe, {net.name: told})}, {"subject": "test"})
    (found,) = found
    if isinstance(found, Failed):
        return found.reason
    return {score.name.removeprefix(recipe).removeprefix("/"): score.value for score in found}


NET = Extractor(_classes, {}, "levels", "none", "ab", (), ("black", "white", "grey"))


def test_samples_of_their_class_are_counted_by_the_classes_names():
    """The run numbers its classes in another order than the classifier."""
    names = ("grey", "black", "white")
    fake = set_of([0, 0, 255, 128, 7], [1, 2, 2, 0, -1], names)
    real = set_of([128, 0, 255, 0], [0, 1, 2, 2], names)
    found = judged("class_accuracy", NET, "classes", fake, real)
    assert found == {"": 0.75, "of_real": 0.75, "class0": 1.0, "class1": 1.0, "class2": 0.5}


def test_classes_that_are_named_for_attributes():
    net = Extractor(_sides, {}, "sides", "none", "ab", ("left", "right"))
    names = ("no left and no right", "no left and right", "left and no right", "left and right")
    fake = set_of([[0, 0], [0, 255], [255, 255], [255, 255]], [0, 1, 2, 3], names)
    found = judged("class_accuracy", net, "attributes", fake, fake)
    assert found[""] == 0.75 and found["class2"] == 0.0
    up = set_of([[0, 0], [0, 0]], [0, 0], ("up",))
    assert "the class 'up' is no combination of these" in judged("class_accuracy", net, "attributes", up, up)


class Levels(linen.Module):
    """Draws level 0, 1, 2 for the values 2, 0, 1 of a code of 3, if it obeys; else always 1."""

    obeys: bool = True

    @linen.compact
    def __call__(self, z, label=None, train=False):
        level = z[:, 1:4] @ jnp.array([[1.0], [0.0], [-1.0]])
        return (level if self.obeys else jnp.ones_like(level)).reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("obeys, expected", [(True, 1.0), (False, 1 / 3)])
def test_codes_are_matched_with_what_is_seen(obeys, expected):
    sampler = GeneratorSampler(Levels(obeys), {}, coded(uniform(1), (3,), 0))
    found = judged("code_matching", NET, "classes", sampler)
    assert found[""] == pytest.approx(expected, abs=0.02)
    if obeys:
        assert [found[f"value{i}"] for i in range(3)] == [1, 2, 0]
        assert [found[f"share{i}"] for i in range(3)] == [1, 1, 1]


def test_latents_without_codes_are_refused():
    found = judged("code_matching", NET, "classes", GeneratorSampler(Levels(), {}, uniform(4)))
    assert "a categorical code among their latents" in found

"""Shares of attributes, counted by one classifier on both sides."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.features.extractor import Extractor
from gan_jax.runtime.mesh import make_mesh


def _answers(variables, images):
    """A bright left pixel says "left", a bright right one "right"; grey is "I do not know"."""
    return {"logits": (images[:, 0, :, 0].astype(jnp.float32) - 128) / 10}


def set_of(name, *rows):
    pixels = {0: 0, 1: 255, 2: 130}
    return ArraySet(np.array([[[[pixels[left]], [pixels[right]]]] for left, right in rows], np.uint8), name=name)


@pytest.fixture
def scores():
    """A function: (samples, reals) -> {part: score}."""

    def judged(fake, real, force=True):
        net = Extractor(_answers, {}, "sides", "none", "ab", ("left", "right"))
        evidence = Evidence(fake, {"train": lambda: real}, lambda name: net, make_mesh(), quiet=True, force=force)
        recipes = {"attributes_sides": find_recipe("attributes_sides", {"sides": "attributes"})}
        (found,) = judge(evidence, recipes, {"subject": "test"})
        return {score.name: score for score in found} if force else found

    return judged


def test_shares_stand_beside_the_datas(scores):
    found = scores(set_of("fake", (1, 0), (1, 0), (1, 1), (0, 2)), set_of("real", (1, 0), (0, 0)))
    values = {name.removeprefix("attributes_sides/"): score.value for name, score in found.items()}
    assert values == {
        "attributes_sides": pytest.approx((0.25 + 0.5) / 2),
        "left": 0.75,
        "left/of_real": 0.5,
        "right": 0.5,
        "right/of_real": 0.0,
        "unsure": 0.125,
        "unsure/of_real": 0.0,
    }
    assert found["attributes_sides/left"].spread == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
    assert found["attributes_sides"].spread is None
    one = found["attributes_sides/left"]
    assert (one.extractor, one.tap, one.split, one.settings) == ("sides", "logits", None, {"sure": 0.9})
    assert (one.n_fake, one.n_real, one.extractor_hash) == (4, 2, "ab")


def test_shares_of_few_images_are_refused_unless_forced(scores):
    told = scores(set_of("fake", (1, 0)), set_of("real", (1, 0)), force=False)
    assert "too few" in told.reason

"""Scores of translations against numbers worked out by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.runtime.mesh import make_mesh

N = 5
INPUTS = np.tile(np.uint8([[0, 255], [255, 0]])[None, :, :, None], (N, 1, 1, 1))  # checkerboards, [N, 2, 2, 1]
TARGETS = np.full((N, 2, 2, 1), 51, np.uint8)
TARGETS[:, 0, 0] = 153


class Half(struct.PyTreeNode):
    """A translator that halves the contrast: 0 and 255 become 64 and 191."""

    num_classes: int = struct.field(pytree_node=False, default=0)
    given: tuple = struct.field(pytree_node=False, default=("a",))

    def starts(self, key, indices, given=None):
        return {"a": given["a"]}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        return codes["a"] / 2, {}


class Cycle(struct.PyTreeNode):
    """A way back that is off by 1/4."""

    def __call__(self, key, batch):
        return jnp.mean(jnp.abs(batch["a"] * 0.75 - batch["a"]))


def scores(*names, **changes):
    test = ArraySet(TARGETS, name="targets")
    test.split = "test"
    given = lambda indices: {"a": INPUTS[np.asarray(indices) % N].astype(np.float32) / 127.5 - 1}
    settings = {"given": given, "paired": True, "measures": {"cycle_a": Cycle()}, "batch_size": 2, "quiet": True}
    real = {"train": lambda: ArraySet(TARGETS), "test": lambda: test}
    evidence = Evidence(Half(), real, Extractors().open, make_mesh(), **{**settings, **changes})
    recipes = {name: find_recipe(name, Extractors().classifiers) for name in names}
    for name, recipe in recipes.items():
        if name.startswith("pair_distance"):
            recipes[name] = dataclasses.replace(recipe, extractor="pixels", tap="pixels")
    found = list(judge(evidence, recipes, {}))
    return {score.name: score for part in found if isinstance(part, list) for score in part}, found


def test_errors_by_pixel():
    found, _ = scores("pair_l1")
    error = (abs(64 - 153) + 2 * abs(191 - 51) + abs(64 - 51)) / 4 / 127.5
    assert found["pair_l1"].value == pytest.approx(error) and found["pair_l1"].n_fake == N
    assert found["pair_l1/constant"].value == pytest.approx(102 / 4 / 127.5)  # the median is 51
    assert found["pair_l1/copy"].value == pytest.approx((153 + 204 + 204 + 51) / 4 / 127.5)
    assert found["pair_l1"].spread == pytest.approx(0, abs=1e-12)


def test_sharpness_is_a_multiple_of_the_targets():
    found, _ = scores("pair_sharpness")
    of_targets = (102 / 2 + 102 / 2) / 2 / 127.5  # along each axis, one of two steps
    assert found["pair_sharpness/of_targets"].value == pytest.approx(of_targets)
    assert found["pair_sharpness"].value == pytest.approx((191 - 64) / 127.5 / of_targets)


def test_features_are_compared_pair_by_pair():
    found, _ = scores("pair_distance_digits")
    x, y = np.array([64, 191, 191, 64.0]), np.array([153, 51, 51, 51.0])
    wanted = 1 - x @ y / np.linalg.norm(x) / np.linalg.norm(y)
    assert found["pair_distance_digits"].value == pytest.approx(wanted, rel=1e-5)


def test_cycles_are_means_over_all_images():
    found, _ = scores("cycle")
    assert found["cycle"].value == pytest.approx(0.25)
    _, (failed,) = scores("cycle", measures={})
    assert "no way back" in failed.reason


def test_what_cannot_be_scored_says_why():
    _, (failed,) = scores("pair_l1", paired=False)
    assert "its own target, and the test data are unpaired" in failed.reason

"""Planes and correlations of a generator whose attributes are known."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.recipes.boundaries import attribute_correlation, boundary_cosines, svm_accuracy
from gan_jax.evaluators.recipes.named import find_recipe

NAMES = ("glasses", "beard", "hat")
OF_Z = np.array([[1.0, 0, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1.0, 0]])  # glasses and beard: a cosine of 0.6


class Sampler:
    """z of 4 numbers, of which an image needs the first 3, is w at once."""

    given, maps, z_used = (), True, 3

    def starts(self, key, indices, given=None):
        return {"z": jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (4,)))(indices)}

    def map(self, starts):
        return {**starts, "w": jnp.repeat(2 * starts["z"][:, None], 2, 1)}


jax.tree_util.register_static(Sampler)


def logits(n):
    z = np.asarray(Sampler().starts(jax.random.key(0), jnp.arange(n, dtype=jnp.uint32))["z"])
    return z @ OF_Z.T


def evidence(told=logits, **parts):
    seen = {
        "fake": Sampler(),
        "seed": 0,
        "open": lambda name: SimpleNamespace(attributes=NAMES),
        "bar": lambda what, unit: lambda items: items,
        "fake_features": lambda name, tap, n: told(n),
        "real_features": lambda split, name, tap, n: np.random.default_rng(1).normal(size=(n, 3)),
    }
    return SimpleNamespace(**(seen | parts))


def found(measure, name, n=3000, n_real=0, **parts):
    outcome = measure(evidence(**parts), find_recipe(name, {"faces": "attributes"}), n, n_real)
    return {each.part: each.value for each in outcome.numbers}, outcome.settings


@pytest.mark.parametrize("space", ["z", "w"])
def test_linear_attributes_are_told(space):
    numbers, settings = found(svm_accuracy, f"svm_{space}10k_faces")
    assert settings == {}
    for name in NAMES:
        assert numbers[f"{name}/validation"] > 0.95 and numbers[f"{name}/by_zero"] > 0.9 and numbers[name] > 0.5
    np.testing.assert_allclose(numbers[""], np.mean([numbers[name] for name in NAMES]))


def test_cosines_are_those_of_the_attributes():
    numbers, _ = found(boundary_cosines, "cosines_z10k_faces", n=8000)
    assert numbers["glasses-beard"] == pytest.approx(0.6, abs=0.1)
    assert numbers["glasses-hat"] == pytest.approx(0, abs=0.15) and numbers["beard-hat"] == pytest.approx(0, abs=0.15)


def test_an_attribute_of_one_kind_is_left_out_and_named():
    told = lambda n: np.abs(logits(n)) * [1, -1, np.nan] + np.where([0, 0, 1], logits(n), 0)
    with pytest.raises(ValueError, match="glasses: .*all with it; beard: .*all without it; hat: .*finite"):
        found(svm_accuracy, "svm_z10k_faces", told=told)
    told = lambda n: np.where([True, True, False], logits(n), 1.0 + logits(n) ** 2)
    numbers, settings = found(svm_accuracy, "svm_z10k_faces", told=told)
    assert "hat" not in numbers and "all with it" in settings["left_out"]["hat"]


def test_correlations_stand_beside_the_real_images():
    numbers, _ = found(attribute_correlation, "attribute_correlation10k_faces", n_real=5000)
    assert numbers["glasses-beard"] == pytest.approx(0.6, abs=0.05)
    assert numbers["glasses-beard/of_real"] == pytest.approx(0, abs=0.05)
    assert numbers[""] == pytest.approx(0.2, abs=0.05)  # (0.6 + 0 + 0) / 3


def test_codes_w_are_asked_of_a_generator_that_has_them():
    with pytest.raises(ValueError, match="no mapping network"):
        found(svm_accuracy, "svm_w10k_faces", fake=SimpleNamespace(given=(), maps=False))

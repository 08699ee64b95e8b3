"""Modes of stacked digits, channel by channel through a classifier."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.data import open_source
from gan_jax.data.eight_bit import EightBit
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import judge
from gan_jax.evaluators.recipes.named import find_recipe, known_recipes
from gan_jax.features.by_channel import by_channel
from gan_jax.features.extractor import Extractor
from gan_jax.runtime.mesh import make_mesh

CLASSIFIERS = {"digits": "classes", "faces": "attributes"}


def brightness(variables, images):
    """A classifier of grey images whose class is their brightness, 0 to 9, and of which it is unsure at 5."""
    level = images.astype(jnp.float32).mean((1, 2, 3)) / 20
    logits = -10 * jnp.abs(level.reshape(-1, 1) - jnp.arange(10.0).reshape(1, -1))
    return {
        "logits": jnp.where(jnp.round(level).reshape(-1, 1) == 5, logits / 100, logits),
        "pooled": level.reshape(-1, 1),
    }


def test_by_channel_is_each_channel_apart():
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    net = Extractor(brightness, {}, "net", "none", "ab")
    apart, alone = by_channel(net), [net(images[..., c : c + 1])["logits"] for c in range(3)]
    assert apart.name == "net/by_channel" and apart == by_channel(net)
    np.testing.assert_allclose(apart(images)["logits"], np.concatenate(alone, axis=1), rtol=1e-5)


def test_of_samples_made_by_hand():
    """Brightnesses (1, 2, 3) a half, (1, 2, 4) and (5, 0, 9) a quarter each: 3 modes, and KL by hand."""
    digits = np.array([(1, 2, 3)] * 1300 + [(1, 2, 4)] * 650 + [(5, 0, 9)] * 650)
    images = np.broadcast_to((20 * digits)[:, None, None].astype(np.uint8), (2600, 2, 2, 3))
    net = Extractor(brightness, {}, "digits", "none", "ab")
    evidence = Evidence(ArraySet(images), {}, lambda name: by_channel(net), make_mesh(), quiet=True)
    recipes = {"stacked_modes2600_digits": find_recipe("stacked_modes2600_digits", CLASSIFIERS)}
    scores = {score.name: score for found in judge(evidence, recipes, {}) for score in found}
    value = lambda part: scores[f"stacked_modes2600_digits{part}"].value
    assert value("") == 3 and scores["stacked_modes2600_digits"].n_fake == 2600
    assert value("/kl") == pytest.approx(0.5 * np.log(500) + 0.5 * np.log(250))
    assert value("/unsure") == pytest.approx(650 / 7800)
    assert scores["stacked_modes2600_digits"].extractor == "digits/by_channel"


def test_names_carry_the_count_and_are_of_classifiers_of_classes():
    known = known_recipes(CLASSIFIERS)
    assert {"stacked_modes26k_digits", "stacked_modes2600_digits", "modes2500"} <= known.keys()
    assert not any("faces" in name for name in known if name.startswith("stacked"))
    assert find_recipe("stacked_modes26k_digits", CLASSIFIERS).fakes == 26_000
    assert find_recipe("modes2500", CLASSIFIERS).fakes == 2_500


def test_the_embedded_classifier_tells_real_triples():
    """Of the test digits, of which it tells 98.87 %, so of triples about 96.6 %; and nearly all combinations occur."""
    source = open_source("stacked_digits", split="test", length=2000)
    images = EightBit(source, Preprocessing((16, 16, 3), filter="bicubic")).images(np.arange(2000))
    from gan_jax.data.sources.digits import Digits

    logits = np.asarray(Extractors().open("digits/by_channel")(images)["logits"]).reshape(2000, 3, 10)
    truth = Digits("test").labels()[source._triples]
    assert np.mean(np.all(logits.argmax(-1) == truth, axis=1)) == pytest.approx(0.9887**3, abs=0.02)

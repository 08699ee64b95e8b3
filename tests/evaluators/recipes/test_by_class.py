"""Scores by class: labels are matched by name, and images without one are left out."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes import cas
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.features.extractor import Extractor
from gan_jax.metrics.frechet import Moments, frechet_distance
from gan_jax.runtime.mesh import make_mesh

RNG = np.random.default_rng(0)
CLASSES = ("a", "b", "c")


def set_of(labels, classes):
    return ArraySet(RNG.integers(0, 256, (len(labels), 12, 12, 1), np.uint8), np.array(labels), classes=classes)


def _quarters(variables, images):
    return {"2048": images.reshape(images.shape[0], 2, 72).astype(jnp.float32).mean(2)}


def judged(name, fake, train, test=None, force=True):
    sets = {"train": lambda: train, "test": lambda: test or train}
    net = Extractor(_quarters, {}, "net", "none", "ab")
    evidence = Evidence(fake, sets, lambda name: net, make_mesh(), batch_size=16, quiet=True, force=force)
    (found,) = judge(evidence, {name: find_recipe(name, {})}, {})
    return found if isinstance(found, Failed) else {score.name: score for score in found}


def test_distances_within_a_class_are_of_the_class_of_that_name(monkeypatch):
    monkeypatch.setitem(find_recipe("intra_fid50k", {}).__dict__, "fakes", None)
    fake, real = set_of([0, 1, -1] * 9, ("a", "b")), set_of([1, 0, -1, 1] * 9, ("a", "b")[::-1])
    found = judged("intra_fid50k", fake, real)
    seen = lambda images, labels, label: Moments.of(
        images.images(np.flatnonzero(labels == label)).reshape(-1, 2, 72).astype(np.float64).mean(2)
    )
    for label in (0, 1):
        expected = frechet_distance(seen(real, real.labels(), 1 - label), seen(fake, fake.labels(), label))
        assert found[f"intra_fid50k/class{label}"].value == pytest.approx(expected, rel=1e-4)
    assert (found["intra_fid50k"].n_fake, found["intra_fid50k"].n_real) == (18, 27)


def test_a_classifier_is_tested_on_the_classes_that_it_learned(monkeypatch):
    asked = {}

    def score(*args, **settings):
        asked.update(fake=args[1], real=args[3], classes=args[4])
        return {"top1": 1.0, "top5": 1.0}

    monkeypatch.setattr(cas, "classification_accuracy_score", score)
    fake, test = set_of([0, 1, 2, -1], CLASSES), set_of([1, -1, 0], ("a", "c"))
    found = judged("cas_small", fake, set_of([0, 1, 2], CLASSES), test)
    assert asked["fake"].tolist() == [0, 1, 2] and asked["real"].tolist() == [2, 0] and asked["classes"] == 3
    assert found["cas_small"].n_fake == 3
    refused = judged("cas_small", fake, set_of([0, 1, 2], CLASSES), set_of([0, 1], ("a", "x")))
    assert "the class 'x'" in refused.reason
    refused = judged("cas_small", set_of([0, 2, -1], CLASSES), set_of([0, 1, 2], CLASSES), set_of([0, 1], ("a", "b")))
    assert "the class 'b', of which there is no sample" in refused.reason


def test_pairs_are_within_the_classes_that_are_known():
    labels = [-1] * 20 + [0, 1] * 15
    images = set_of(labels, ("a", "b"))
    found = judged("ms_ssim_by_class", images, images, force=False)
    assert found["ms_ssim_by_class"].n_fake == 30
    refused = judged("ms_ssim_by_class", set_of([0, 1] * 5, ("a", "b")), images, force=False)
    assert "a class has 5 images, which make fewer than 100 different pairs" in refused.reason


def test_a_class_that_one_side_lacks_is_named_by_the_distances_within_classes(monkeypatch):
    monkeypatch.setitem(find_recipe("intra_fid50k", {}).__dict__, "fakes", None)
    found = judged("intra_fid50k", set_of([0, 1, 2] * 9, CLASSES), set_of([0, 1] * 9, ("a", "c")))
    assert "'b' has 9 among the samples and 0 in the reference" in found.reason


def test_the_reals_of_a_classifier_are_the_training_images_that_say_how_many_samples_there_are(monkeypatch):
    score = lambda *args, **settings: {"top1": 1.0, "top5": 1.0}
    monkeypatch.setattr(cas, "classification_accuracy_score", score)
    found = judged("cas_small", set_of([0, 1, 2, 1], CLASSES), set_of([0, 1, -1], CLASSES), set_of([1, 0], CLASSES))
    assert (found["cas_small"].n_fake, found["cas_small"].n_real) == (4, 3)

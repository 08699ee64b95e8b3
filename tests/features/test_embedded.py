import functools

import jax
import numpy as np
import pytest

from gan_jax.data import in_order, open_source
from gan_jax.data.face_parts import PARTS
from gan_jax.data.sources.faces import ATTRIBUTES
from gan_jax.features.classifier import told_by
from gan_jax.features.embedded import (
    embedded_classifier,
    embedded_segmenter,
    embedded_segmenter_weights,
    embedded_weights,
    known_classifiers,
    known_segmenters,
)
from gan_jax.features.weights import weights_hash
from gan_jax.metrics.overlap import intersection_over_union
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

NAMES = ("digits", "emoji", "faces", "figures")


@functools.cache
def split(name, split):
    """Images as the config of the data set prepares them, in 8 bits, and their labels or attributes."""
    config = resolve(load_config(f"configs/sngan_{name}.py"))
    config["data"]["split"] = split
    source = Setup.of(config).source()
    batch = next(iter(in_order(source, Setup.of(config).preprocessing, 6000)))
    labels = batch["label"] if source.classes else source.attribute_table()
    return np.round(batch["image"] * 127.5 + 127.5).astype(np.uint8), labels


@functools.cache
def extract(name):
    extractor, apply = embedded_classifier(name), jax.jit(lambda extractor, images: extractor(images))

    def taps(images):
        count = len(images)
        images = np.pad(images, ((0, -count % 256), (0, 0), (0, 0), (0, 0)))
        parts = [apply(extractor, part) for part in np.split(images, len(images) // 256)]
        return {tap: np.concatenate([part[tap] for part in parts])[:count].astype(np.float64) for tap in parts[0]}

    return taps


def frechet(a, b):
    """The plain formula, float64."""
    product = np.cov(a.T) @ np.cov(b.T)
    root = np.sqrt(np.maximum(np.linalg.eigvals(product).real, 0)).sum()
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * root


def blurred(images):
    """Each pixel the mean of five by five around it."""
    padded = np.pad(images.astype(float), ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    parts = [padded[:, i : i + height, j : j + width] for i in range(5) for j in range(5)]
    return np.round(np.mean(parts, 0)).astype(np.uint8)


def test_these_ship():
    assert known_classifiers() == NAMES
    with pytest.raises(
        ValueError, match="no classifier 'mnist' ships with gan_jax, only digits, emoji, faces, figures"
    ):
        embedded_classifier("mnist")


@pytest.mark.parametrize("name, test_accuracy", [("digits", 0.98), ("emoji", 0.70), ("figures", 0.99)])
def test_the_recorded_accuracy_is_reached_again(name, test_accuracy):
    facts = embedded_weights(name).facts
    images, labels = split(name, "test")
    assert list(images.shape[1:]) == facts["shape"] and len(images) == facts["images"]["test"]
    reached = np.mean(np.argmax(extract(name)(images)["logits"], -1) == labels)
    assert reached == pytest.approx(facts["accuracy"]["test"], abs=1.5 / len(labels))  # one image may tip over
    assert reached > test_accuracy


def test_the_recorded_accuracy_of_attributes_is_reached_again():
    facts = embedded_weights("faces").facts
    images, attributes = split("faces", "test")
    assert list(images.shape[1:]) == facts["shape"] and len(images) == facts["images"]["test"]
    assert tuple(facts["attributes"]) == embedded_classifier("faces").attributes == ATTRIBUTES
    reached = np.mean((extract("faces")(images)["logits"] > 0) == attributes, 0)
    np.testing.assert_allclose(
        reached, [facts["accuracy_by_attribute"][name] for name in ATTRIBUTES], atol=1.5 / len(images)
    )
    assert reached.min() > 0.9 and reached.mean() > 0.98


@pytest.mark.parametrize("name", NAMES)
def test_the_distance_of_real_images_is_far_below_that_of_spoilt_ones(name):
    train, test = split(name, "train")[0], split(name, "test")[0]
    noise = np.random.default_rng(0).integers(0, 256, test.shape, np.uint8)
    real = extract(name)(train)["pooled"]
    assert real.shape == (len(train), 64)
    again, soft, none = (frechet(real, extract(name)(images)["pooled"]) for images in (test, blurred(test), noise))
    assert 10 * again < soft and 2 * soft < none


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small_and_tell_where_they_come_from(name):
    weights = embedded_weights(name)
    facts = weights.facts
    assert facts["name"] == name and facts["data"].startswith(f"{name.capitalize()}(split='train'")
    assert f"--mode=classifier --config=configs/sngan_{name}.py --out={name}.npz" in facts["command"]
    assert {"steps", "seed", "date", "version", told_by(facts), "accuracy"} <= facts.keys()
    assert "short_side" in facts.get("preprocessing", facts["data"])
    extractor = embedded_classifier(name)
    assert (extractor.name, extractor.resize) == (name, "none")
    assert extractor.weights == weights_hash(weights.variables)
    stored = {kind: {leaf.dtype.name for leaf in jax.tree.leaves(tree)} for kind, tree in weights.variables.items()}
    assert stored == {"params": {"float16"}, "batch_stats": {"float32"}}
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(weights.variables)) < 400_000


def test_the_recorded_overlap_of_parts_is_reached_again():
    weights = embedded_segmenter_weights("faces")
    facts, segmenter = weights.facts, embedded_segmenter("faces")
    assert known_segmenters() == ("faces",) and segmenter.parts == PARTS
    test = open_source("faces", split="test", size=32)
    apply = jax.jit(lambda segmenter, images: segmenter(images) > 0)
    images = (test.images / 127.5 - 1).astype(np.float32)
    masks = np.concatenate([apply(segmenter, part) for part in np.split(images, 3)])
    reached = intersection_over_union(masks, np.moveaxis(test.part_masks(), 1, -1))
    np.testing.assert_allclose(reached, [facts["iou_by_part"][name] for name in PARTS], atol=1e-3)
    assert reached.min() > 0.95 and facts["iou"]["test"] == pytest.approx(reached.mean(), abs=1e-3)
    assert "segmenter --config=sngan_faces --out=faces.npz" in facts["command"] and facts["steps"] == 1500
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(weights.variables)) < 400_000
    with pytest.raises(ValueError, match="no segmenter 'cats' ships with gan_jax, only faces"):
        embedded_segmenter("cats")

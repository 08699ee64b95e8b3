import numpy as np
import pytest

from gan_jax.features.classifier import classifier_extractor
from gan_jax.features.weights import load_weights
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.classifier import train_classifier


def corners(count, seed):
    """A bright corner says the class."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 80, (count, 8, 8, 1)), np.arange(count) % 3
    for image, label in zip(images, labels, strict=True):
        image[4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 150
    return images.astype(np.uint8), labels


def config_of(tmp_path, **data):
    arrays = dict(zip(("image_train", "label_train"), corners(150, 0), strict=True))
    arrays |= dict(zip(("image_test", "label_test"), corners(60, 1), strict=True))
    np.savez(tmp_path / "corners.npz", **arrays)
    config = load_config("configs/base.py")
    config.data.update({"source": "arrays", "path": str(tmp_path / "corners.npz"), "shape": (8, 8, 1), **data})
    return config


def test_it_writes_weights_with_their_facts(tmp_path, capsys):
    out = tmp_path / "made" / "corners.npz"
    facts = train_classifier(config_of(tmp_path), out, steps=12, seed=3, command="typed")
    weights = load_weights(out)
    assert {**facts, "shape": [8, 8, 1], "classes": ["0", "1", "2"]} == weights.facts
    told = ("name", "steps", "seed", "flip", "shift", "command", "images")
    assert [facts[key] for key in told] == ["corners", 12, 3, False, 1, "typed", {"train": 150, "test": 60}]
    assert "split='train'" in facts["data"] and "split='test'" in facts["test_data"]
    assert facts["accuracy"]["test"] > 0.9
    extractor, (images, labels) = classifier_extractor(weights), corners(60, 1)
    assert extractor.name == "corners" and extractor.weights == weights.sha256
    reached = np.mean(np.argmax(np.asarray(extractor(images)["logits"]), -1) == labels)
    assert facts["accuracy"]["test"] == pytest.approx(reached, abs=1e-4)
    printed = capsys.readouterr().out
    assert f"test {100 * facts['accuracy']['test']:.2f} %" in printed and weights.sha256[:12] in printed


def test_data_without_classes_is_told_by_its_attributes(tmp_path, capsys):
    """Top or bottom, left or right: two answers for each image."""
    arrays = {}
    for split, count, seed in (("train", 150, 0), ("test", 60, 1)):
        images, labels = corners(count, seed)
        arrays |= {f"image_{split}": images, f"attribute_{split}": np.stack([labels // 2, labels % 2], 1) == 1}
    np.savez(tmp_path / "sides.npz", attributes=["bottom", "right"], **arrays)
    out = tmp_path / "sides.npz.classifier.npz"
    facts = train_classifier(config_of(tmp_path, path=str(tmp_path / "sides.npz")), out, steps=12)
    assert "classes" not in facts and facts["attributes"] == ("bottom", "right")
    logits = np.asarray(classifier_extractor(load_weights(out))(arrays["image_test"])["logits"])
    right = np.mean((logits > 0) == arrays["attribute_test"], 0)
    assert list(facts["accuracy_by_attribute"].values()) == pytest.approx(right, abs=1e-4)
    assert facts["accuracy"]["test"] == pytest.approx(right.mean(), abs=1e-4) and right.min() > 0.9
    assert f"bottom {100 * right[0]:.2f} %" in capsys.readouterr().out


def test_data_it_cannot_learn_from_is_refused(tmp_path):
    train = lambda out="x.npz", **data: train_classifier(config_of(tmp_path, **data), tmp_path / out, steps=1)
    with pytest.raises(ValueError, match="such as --out=digits.npz"):
        train("x.npy")
    with pytest.raises(ValueError, match="looks at images"):
        train(source="toys", path=None, shape=(2,))
    with pytest.raises(ValueError, match="leave data.split unset"):
        train(split="test")
    with pytest.raises(ValueError, match="has no splits"):
        train(source="fake", path=None)
    np.savez(tmp_path / "bare.npz", image_train=corners(6, 0)[0], image_test=corners(6, 1)[0])
    with pytest.raises(ValueError, match="has none: choose a labelled data set"):
        train(path=str(tmp_path / "bare.npz"))
    table = {"attribute_train": np.ones((6, 1), bool), "attributes": ["bright"]}
    np.savez(tmp_path / "untold.npz", image_train=corners(6, 0)[0], image_test=corners(6, 1)[0], **table)
    with pytest.raises(ValueError, match="have different attributes"):
        train(path=str(tmp_path / "untold.npz"))
    np.savez(tmp_path / "untested.npz", image_train=corners(6, 0)[0], label_train=corners(6, 0)[1])
    with pytest.raises(ValueError, match="has no array 'image_test'"):
        train(path=str(tmp_path / "untested.npz"))
    np.savez(tmp_path / "alike.npz", image=corners(6, 0)[0], label=np.zeros(6, int))
    with pytest.raises(ValueError, match="a single class"):
        train(path=str(tmp_path / "alike.npz"))
    assert not (tmp_path / "x.npz").exists()

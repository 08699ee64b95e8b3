import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.features import accuracy_score, classifier
from gan_jax.features.accuracy_score import classification_accuracy_score
from gan_jax.features.classifier import classifier_extractor, fit, predict, told_by
from gan_jax.features.resnet import CifarResNet, ResNet50
from gan_jax.features.weights import Weights, weights_hash
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.norms.batch_norm import BatchNorm

ROOT = Path(__file__).resolve().parents[2]


class Small(linen.Module):
    """One convolution: compiles fast, and learns what is asked of it here."""

    num_classes: int = 3

    @linen.compact
    def __call__(self, images, train=False):
        x = jax.nn.relu(BatchNorm()(Conv(8, use_bias=False)(images), train=train))
        pooled = x.mean((1, 2))
        return linen.Dense(self.num_classes)(pooled), {"pooled": pooled}


NET = Small()
STEPS = 80
RESNET = CifarResNet(3, depth=8, width=4)


class Linear(linen.Module):
    """logits = x W + b of all pixels; the running state counts its training steps."""

    num_classes: int

    @linen.compact
    def __call__(self, images, train=False):
        x = images.reshape(len(images), -1)
        seen = self.variable("batch_stats", "seen", lambda: jnp.zeros(()))
        if train:
            seen.value = seen.value + 1
        return linen.Dense(self.num_classes)(x), {"pooled": x}


def bars(count, seed, side=8):
    """Grey images with one bright bar, thick as its label says, and noise: a problem with an answer."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 60, (count, side, side, 1))
    for image, label in zip(images, labels, strict=True):
        top = rng.integers(1, side - 3)
        image[top : top + 1 + label] += 150
    return images.astype(np.uint8), labels


@functools.cache
def trained(seed=0):
    seen = []
    note = lambda step, metrics: seen.append((step, float(metrics["loss"]), float(metrics["accuracy"])))
    return fit(NET, *bars(96, 0), 3, STEPS, batch_size=32, seed=seed, flip=True, shift=1, progress=note), seen


def accuracy(variables, images, labels):
    return np.mean(np.argmax(predict(NET, variables, images, 64), -1) == labels)


def test_it_learns_and_tells_how_far_it_is():
    variables, seen = trained()
    assert [step for step, _, _ in seen] == list(range(1, STEPS + 1))
    assert seen[0][1] > 0.9  # untrained: log(3) where all classes are alike
    assert np.mean([loss for _, loss, _ in seen[-5:]]) < 0.3 and np.mean([share for *_, share in seen[-5:]]) > 0.95
    assert accuracy(variables, *bars(99, 1)) > 0.95


def test_a_seed_settles_everything():
    first, _ = trained()
    settings = {"batch_size": 32, "flip": True, "shift": 1}
    again = fit(NET, *bars(96, 0), 3, STEPS, seed=0, **settings)
    other = fit(NET, *bars(96, 0), 3, STEPS, seed=1, **settings)
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert not np.array_equal(first["params"]["Dense_0"]["kernel"], other["params"]["Dense_0"]["kernel"])


def test_a_seed_that_is_another_seeds_is_refused():
    with pytest.raises(ValueError, match="a seed is from 0 to 4294967295"):
        fit(NET, *bars(96, 0), 3, STEPS, seed=2**32)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_two_steps_by_hand(smoothing):
    """Nesterov's SGD on a linear classifier, all images in each batch: rates 0.5 and 0.5 (1 + cos(pi / 2)) / 2."""
    images = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 1)).astype(np.uint8)
    labels = np.array([0, 1, 2, 0, 1, 2])
    key = classifier.named_key(jax.random.key(7), "init")
    start = Linear(3).init(key, jnp.zeros((1, 2, 2, 1)))["params"]["Dense_0"]
    settings = {"learning_rate": 0.5, "momentum": 0.8, "weight_decay": 0.1, "label_smoothing": smoothing, "seed": 7}
    trained = fit(Linear(3), images, labels, 3, 2, batch_size=6, **settings)
    x = images.reshape(6, 4) / 127.5 - 1
    targets = (1 - smoothing) * np.eye(3)[labels] + smoothing / 3
    kernel, bias = np.asarray(start["kernel"], np.float64), np.asarray(start["bias"], np.float64)
    speed_k, speed_b = np.zeros_like(kernel), np.zeros_like(bias)
    for rate in (0.5, 0.25):
        logits = x @ kernel + bias
        shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        push = (shares - targets) / 6
        grad_k, grad_b = x.T @ push + 0.1 * kernel, push.sum(0)  # no decay of biases
        speed_k, speed_b = 0.8 * speed_k + grad_k, 0.8 * speed_b + grad_b
        kernel, bias = kernel - rate * (0.8 * speed_k + grad_k), bias - rate * (0.8 * speed_b + grad_b)
    np.testing.assert_allclose(trained["params"]["Dense_0"]["kernel"], kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trained["params"]["Dense_0"]["bias"], bias, rtol=1e-4, atol=1e-5)
    assert trained["batch_stats"]["seen"] == 2


def test_attributes_are_learnt_by_a_sigmoid_each():
    """Two steps of SGD by hand: what softmax(logits) - targets is for classes, sigmoid(logits) - attributes is here."""
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 1)).astype(np.uint8)
    table = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 0]], bool)
    key = classifier.named_key(jax.random.key(7), "init")
    start = Linear(3).init(key, jnp.zeros((1, 2, 2, 1)))["params"]["Dense_0"]
    settings = {"learning_rate": 0.5, "momentum": 0.0, "weight_decay": 0.0, "label_smoothing": 0.2, "seed": 7}
    trained = fit(Linear(3), images, table, 3, 2, batch_size=4, **settings)
    x, targets = images.reshape(4, 4) / 127.5 - 1, 0.8 * table + 0.1
    kernel, bias = np.asarray(start["kernel"], np.float64), np.asarray(start["bias"], np.float64)
    for rate in (0.5, 0.25):
        push = (1 / (1 + np.exp(-(x @ kernel + bias))) - targets) / 4
        kernel, bias = kernel - rate * x.T @ push, bias - rate * push.sum(0)
    np.testing.assert_allclose(trained["params"]["Dense_0"]["kernel"], kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trained["params"]["Dense_0"]["bias"], bias, rtol=1e-4, atol=1e-5)


def test_attributes_of_bars_are_learnt():
    images, labels = bars(96, 0)
    table = np.stack([labels >= 1, labels >= 2], 1)
    variables = fit(Small(2), images, table, 2, STEPS, batch_size=32)
    images, labels = bars(99, 1)
    told = predict(Small(2), variables, images, 64) > 0
    assert np.mean(told == np.stack([labels >= 1, labels >= 2], 1)) > 0.95


def augmented(images, flip=False, shift=0, cutout=0):
    recipe = classifier._Recipe(1, 0.1, 0.9, 0.0, 0.0, flip, shift, cutout)
    chosen = np.arange(len(images))[::-1].copy()
    x = classifier._augmented(images, chosen, jax.random.key(3), recipe)
    return np.asarray((x + 1) * 127.5)[::-1]


def test_images_are_moved_and_mirrored_in_every_way_and_no_other():
    images = np.random.default_rng(0).integers(0, 256, (300, 5, 4, 2)).astype(np.uint8)
    np.testing.assert_allclose(augmented(images), images, atol=1e-4)
    seen = set()
    for image, result in zip(images, augmented(images, flip=True, shift=2), strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
        ways = {
            (down, right, mirrored): padded[down : down + 5, right : right + 4][:, :: -1 if mirrored else 1]
            for down in range(5)
            for right in range(5)
            for mirrored in (False, True)
        }
        found = [way for way, moved in ways.items() if np.allclose(moved, result, atol=1e-3)]
        assert found
        seen.update(found)
    assert len(seen) == 50


@pytest.mark.parametrize("cutout", [2, 3])
def test_cutout_covers_a_grey_square(cutout):
    images = np.zeros((200, 6, 6, 1), np.uint8)
    covered = np.isclose(augmented(images, cutout=cutout)[..., 0], 127.5)
    sizes = {(mask.any(1).sum(), mask.any(0).sum(), mask.sum()) for mask in covered}
    assert max(sizes) == (cutout, cutout, cutout**2)
    assert all(height * width == area for height, width, area in sizes)  # rectangles, cut where they leave the image
    assert covered.any(0).all()


def test_every_epoch_shows_every_image_once():
    orders = np.concatenate(list(classifier._orders(10, 4, 10, seed=0)))
    epochs = orders.reshape(4, 10)
    assert (np.sort(epochs, 1) == np.arange(10)).all() and len({tuple(epoch) for epoch in epochs.tolist()}) == 4
    assert [len(order) for order in classifier._orders(3, 8, 2, seed=0)] == [8, 8]  # a batch larger than the data set


def test_predictions_do_not_depend_on_the_batches():
    variables, _ = trained()
    images, _ = bars(11, 2)
    logits, _ = NET.apply(variables, images / np.float32(127.5) - 1)
    for batch_size in (4, 64):
        np.testing.assert_allclose(predict(NET, variables, images, batch_size), logits, rtol=1e-4, atol=1e-4)


FACTS = {
    "name": "bars",
    "shape": [8, 8, 1],
    "classes": ["thin", "middle", "thick"],
    "architecture": {"type": "CifarResNet", "depth": 8, "width": 4},
}


@functools.cache
def untrained():
    variables = RESNET.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    return jax.tree.map(np.asarray, dict(variables))


def weights(**facts):
    stored = lambda leaf: leaf.astype(np.float16)
    variables = {**untrained(), "params": jax.tree.map(stored, untrained()["params"])}
    return Weights(variables, {**FACTS, **facts}, weights_hash(variables))


def test_an_extractor_is_rebuilt_from_the_facts():
    stored = weights()
    extractor = classifier_extractor(stored)
    assert (extractor.name, extractor.resize, extractor.weights) == ("bars", "none", stored.sha256)
    images, _ = bars(33, 3)
    taps = jax.jit(lambda extractor, images: extractor(images))(extractor, images)
    assert {name: (leaf.shape, leaf.dtype.name) for name, leaf in taps.items()} == {
        "pooled": ((33, 16), "float32"),
        "logits": ((33, 3), "float32"),
    }
    np.testing.assert_allclose(taps["logits"], predict(RESNET, untrained(), images), rtol=0.01, atol=1e-3)  # float16
    head = jax.tree.map(np.float32, stored.variables["params"]["logits"])
    logits = np.asarray(taps["pooled"]) @ head["kernel"] + head["bias"]
    np.testing.assert_allclose(taps["logits"], logits, rtol=1e-4, atol=1e-5)
    same = jax.tree.structure(extractor) == jax.tree.structure(classifier_extractor(weights()))
    assert same  # a jitted caller compiles once


def test_an_extractor_knows_what_its_logits_tell():
    assert classifier_extractor(weights()).attributes == ()
    facts = {key: value for key, value in FACTS.items() if key != "classes"} | {"attributes": ["a", "b", "c"]}
    extractor = classifier_extractor(weights()._replace(facts=facts))
    assert extractor.attributes == ("a", "b", "c") and told_by(facts) == "attributes"
    assert extractor(np.zeros((2, 8, 8, 1), np.uint8))["logits"].shape == (2, 3)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 9, 1), np.uint8), np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 8, 8, 1), np.int32)]
)
def test_an_extractor_takes_the_images_it_was_trained_on_only(images):
    with pytest.raises(ValueError, match=r"'bars' takes images uint8, or float32 from 0 to 255, \[B, 8, 8, 1\]"):
        classifier_extractor(weights())(images)


def test_weights_of_something_else_are_refused():
    other = weights()
    with pytest.raises(ValueError, match="their facts lack shape, classes"):
        classifier_extractor(other._replace(facts={"name": "inception", "architecture": {}}))
    with pytest.raises(ValueError, match="unknown architecture 'print'"):
        classifier_extractor(weights(architecture={"type": "print"}))


def test_cas_of_real_training_images_is_high_and_that_of_shuffled_labels_is_chance():
    fakes, labels = bars(96, 0)
    real = bars(99, 1)
    settings = {"module": NET, "steps": STEPS, "batch_size": 32, "flip": True, "shift": 1}
    score = classification_accuracy_score(fakes, labels, *real, 3, **settings)
    assert score["top1"] == accuracy(trained()[0], *real) > 0.95 and score["top5"] == 1.0
    shuffled = np.random.default_rng(5).permutation(labels)
    assert classification_accuracy_score(fakes, shuffled, *real, 3, **settings)["top1"] < 0.6


@pytest.mark.parametrize("side, expected", [(32, CifarResNet(3, 56)), (33, ResNet50(3))])
def test_cas_has_the_papers_nets_by_default(monkeypatch, side, expected):
    seen = []
    monkeypatch.setattr(accuracy_score, "fit", lambda module, *_, **settings: seen.append((module, settings)))
    monkeypatch.setattr(accuracy_score, "predict", lambda module, variables, images: np.eye(3)[: len(images)])
    images, labels = np.zeros((3, side, side, 3), np.uint8), np.arange(3)
    assert classification_accuracy_score(images, labels, images, labels, 3, seed=4)["top1"] == 1
    assert seen == [(expected, {"seed": 4})]


def test_unusable_images_and_labels_are_refused():
    images, labels = bars(6, 0)
    for wrong, told in (
        ((images.astype(np.float32), labels), "training images must be uint8"),
        ((images[..., 0], labels), "training images must be uint8"),
        ((images[:0], labels[:0]), "training images must be uint8"),
        ((images, labels[:5]), "must be 6 integers, one for each image"),
        ((images, labels.astype(float)), "must be 6 integers"),
        ((images, labels + 1), "run from 1 to 3; they must be 0 to 2"),
        ((images, labels - 1), "run from -1 to 1"),
        ((images, np.ones((6, 2), bool)), r"attributes must be bool \[6, 3\], a row for each image, not \[6, 2\]"),
    ):
        with pytest.raises(ValueError, match=told):
            fit(NET, *wrong, 3, 1)
    with pytest.raises(ValueError, match="at least one step"):
        fit(NET, images, labels, 3, 0)
    with pytest.raises(ValueError, match="make them alike"):
        classification_accuracy_score(images, labels, images[:, :4], labels, 3)
    with pytest.raises(ValueError, match="real labels run from"):
        classification_accuracy_score(images, labels, images, labels + 1, 3)


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="lower its learning rate"):
        fit(Linear(3), *bars(6, 0), 3, 4, batch_size=6, learning_rate=1e38)


PROGRAM = """
import json
import jax, numpy as np
from gan_jax.features.classifier import fit, predict
from gan_jax.runtime.mesh import make_mesh
from test_classifier import Small

assert jax.device_count() == 8
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (40, 4, 4, 1)).astype(np.uint8), np.arange(40) % 3


def run():
    variables = fit(Small(), images, labels, 3, 5, batch_size=16, flip=True, shift=1, cutout=1)
    logits = predict(Small(), variables, images, 16)
    return [np.asarray(leaf) for leaf in (*jax.tree.leaves(jax.device_get(variables)), logits)]


one = run()
with jax.set_mesh(make_mesh()):
    eight = run()
print(json.dumps([float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(eight, one, strict=True)]))
"""


def test_eight_devices_train_as_one():
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert max(json.loads(done.stdout.splitlines()[-1])) < 1e-4

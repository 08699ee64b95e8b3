"""Trains the small VGG-19 that ships with the package, for style transfer without downloaded weights.

It is VGG-19 up to relu4_1 with a quarter of the channels, trained to tell apart, in one list of 25 classes, the 9 kinds of
emoji, 8 combinations of glasses, beard and smile of the drawn faces, and the 8 kinds of patterns, all 32 x 32 in colour. While
it learns, each convolution is followed by batch normalisation; afterwards that is folded into the weights, and every channel
is scaled so that its mean over images and places is 1 (Gatys et al., arXiv:1508.06576, Sec. 2).

    python benchmarks/vgg19_quarter.py gan_jax/features/encoders/vgg19_quarter.npz
"""

from __future__ import annotations

import argparse
import datetime
import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

from gan_jax import __version__
from gan_jax.data import EightBit, Preprocessing, open_source
from gan_jax.features.classifier import fit, predict
from gan_jax.features.vgg import VGG19_DEPTHS
from gan_jax.features.vgg19 import Encoder, names
from gan_jax.features.weights import save_weights
from gan_jax.metrics.classification import top_k_accuracy
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_max
from gan_jax.nn.norms.batch_norm import BatchNorm

WIDTH, SIDE, EPSILON = 16, 32, 1e-5
DATA = {
    "emoji": {},
    "faces": {"size": 32, "attributes": ("glasses", "beard", "smiling")},
    "patterns": {"size": 32},
}
LENGTHS = {"train": 6000, "test": 800}  # of the patterns
REPEATED = {"emoji": 3}  # so that the few emoji are seen as often as the others
TRAINED = names()[: sum(VGG19_DEPTHS[:3]) + 1]  # conv1_1 ... conv4_1


class Classifier(linen.Module):
    """Images [B, 32, 32, 3] in [-1, 1] -> (logits [B, K], {}): the encoder with batch normalisation, then one linear layer."""

    num_classes: int

    @linen.compact
    def __call__(self, images, train=False):
        x = images
        for name in TRAINED:
            block, index = int(name[4]), int(name[6])
            if index == 1 and block > 1:
                x = downsample_max(x, ceil=True)
            he = linen.initializers.he_normal()
            x = Conv(WIDTH * 2 ** (block - 1), padding="REFLECT", use_bias=False, kernel_init=he, name=name)(x)
            x = jax.nn.relu(BatchNorm(epsilon=EPSILON, name=f"norm{name[4:]}")(x, train=train))
        return linen.Dense(self.num_classes, name="head")(jnp.mean(x, (1, 2))), {}


def read(split):
    """{name: (images uint8 [N, 32, 32, 3], labels [N])} of a split, and the names of all classes."""
    found, classes = {}, []
    for name, settings in DATA.items():
        more = {"length": LENGTHS[split]} if name == "patterns" else {}
        source = open_source(name, split=split, **settings, **more)
        part = EightBit(source, Preprocessing((SIDE, SIDE, 3)), split)
        found[name] = part.images(np.arange(len(part))), part.labels() + len(classes)
        classes += [f"{name}: {each}" for each in source.classes]
    return found, classes


def folded(variables):
    """The classifier's convolutions and norms as an encoder's variables: the colours go from [0, 1] to [-1, 1] first."""
    params, stats = variables["params"], variables["batch_stats"]
    made = {"colour": {"kernel": 2 * np.eye(3).reshape(1, 1, 3, 3), "bias": -np.ones(3)}}
    for name in TRAINED:
        norm, moments = params[f"norm{name[4:]}"], stats[f"norm{name[4:]}"]
        gain = norm["scale"] / np.sqrt(moments["variance"] + EPSILON)
        made[name] = {"kernel": params[name]["kernel"] * gain, "bias": norm["bias"] - moments["mean"] * gain}
    return made


def normalised(layers, images):
    """The same function up to the scale of channels, which becomes 1 on the mean; -> (layers, the last layer's scales)."""
    relus = tuple(name.replace("conv", "relu") for name in TRAINED)
    see = jax.jit(lambda x: Encoder("vgg19_quarter", width=WIDTH, taps=relus).apply({"params": layers}, x))
    parts = [see(images[i : i + 250].astype(np.float32) / 127.5 - 1) for i in range(0, len(images), 250)]
    means = {tap: np.mean([np.mean(part[tap], (0, 1, 2)) for part in parts], 0, dtype=np.float64) for tap in relus}
    made, before = {"colour": layers["colour"]}, np.ones(3)
    for name, tap in zip(TRAINED, relus, strict=True):
        scale = np.maximum(means[tap], 0.02 * np.median(means[tap]))  # a channel that sleeps stays asleep
        kernel = layers[name]["kernel"] * before.reshape(-1, 1) / scale
        made[name] = {"kernel": kernel, "bias": layers[name]["bias"] / scale}
        before = scale
    return made, before


def accuracies(layers, head, parts):
    """The share of right answers in each set of images, of the weights as they are written."""
    encoder = Encoder("vgg19_quarter", width=WIDTH, taps=("relu4_1",))
    see = jax.jit(lambda x: jnp.mean(encoder.apply({"params": layers}, x)["relu4_1"], (1, 2)))
    told = {}
    for name, (images, labels) in parts.items():
        pooled = np.concatenate([see(images[i : i + 100] / np.float32(127.5) - 1) for i in range(0, len(images), 100)])
        told[name] = round(float(top_k_accuracy(pooled @ head["kernel"] + head["bias"], labels, 1)), 4)
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    (train, classes), (test, _) = read("train"), read("test")
    pixels = np.concatenate([np.tile(train[name][0], (REPEATED.get(name, 1), 1, 1, 1)) for name in DATA])
    labels = np.concatenate([np.tile(train[name][1], REPEATED.get(name, 1)) for name in DATA])
    settings = {"batch_size": 96, "learning_rate": 0.1, "weight_decay": 5e-4, "flip": True, "shift": 4}
    module = Classifier(len(classes))

    def progress(step, metrics):
        if step % 50 == 0:
            print(step, *(f"{key} {float(value):.3f}" for key, value in metrics.items()), flush=True)

    variables = fit(module, pixels, labels, len(classes), flags.steps, seed=flags.seed, progress=progress, **settings)
    variables = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), jax.device_get(variables))
    print("with norms", {k: top_k_accuracy(predict(module, variables, x), y, 1) for k, (x, y) in test.items()})
    sample = np.random.default_rng(0).choice(len(pixels), 4000, replace=False)
    layers, scale = normalised(folded(variables), pixels[sample])
    head = variables["params"]["head"]
    head = {"kernel": head["kernel"] * scale.reshape(-1, 1), "bias": head["bias"]}
    stored = jax.tree.map(lambda leaf: np.asarray(leaf, np.float16), {"params": layers, "head": head})
    as_read = jax.tree.map(lambda leaf: leaf.astype(np.float32), stored)
    told = {
        split: accuracies(as_read["params"], as_read["head"], parts)
        for split, parts in (("train", train), ("test", test))
    }
    facts = {
        "name": "vgg19_quarter",
        "classes": classes,
        "images": {
            split: {k: len(x) for k, (x, _) in parts.items()} for split, parts in (("train", train), ("test", test))
        },
        "shape": (SIDE, SIDE, 3),
        "accuracy": told,
        "steps": flags.steps,
        "seed": flags.seed,
        **settings,
        "command": "python " + " ".join(sys.argv),
        "date": datetime.date.today().isoformat(),
        "version": __version__,
    }
    print(told, save_weights(flags.out, stored, facts), sep="\n")


if __name__ == "__main__":
    main()

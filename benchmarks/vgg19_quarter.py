"""Trains the small VGG-19 that ships with the package, for style transfer without downloaded weights.

It is VGG-19 up to relu4_1 with a quarter of the channels. From images with noise it learns two things at once: a decoder has to
make the clean images of relu4_1, and a linear layer on its means has to tell apart, in one list of 25 classes, the 9 kinds of
emoji, 8 combinations of glasses, beard and smile of the drawn faces, and the 8 kinds of patterns, all 32 x 32 in colour. Noise
keeps the network from leaning on the finest grain, which an image that is optimised to be seen in some way would be full of.
Afterwards every channel is scaled so that its mean over images and places is 1 (Gatys et al., arXiv:1508.06576, Sec. 2).

    python benchmarks/vgg19_quarter.py gan_jax/features/encoders/vgg19_quarter.npz
"""

from __future__ import annotations

import argparse
import datetime
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax import __version__
from gan_jax.architectures.adain import Decoder
from gan_jax.data import EightBit, Preprocessing, open_source
from gan_jax.features.vgg import VGG19_DEPTHS
from gan_jax.features.vgg19 import Encoder, names
from gan_jax.features.weights import save_weights
from gan_jax.metrics.classification import top_k_accuracy
from gan_jax.types import named_key

WIDTH, SIDE = 16, 32
SETTINGS = {"batch_size": 32, "learning_rate": 1e-3, "weight_decay": 0.01, "noise": 0.2, "class_weight": 0.1}
DATA = {
    "emoji": {},
    "faces": {"size": 32, "attributes": ("glasses", "beard", "smiling")},
    "patterns": {"size": 32},
}
LENGTHS = {"train": 3000, "test": 400}  # of the patterns
REPEATED = {"emoji": 3}  # so that the few emoji are seen as often as the others
TRAINED = names()[: sum(VGG19_DEPTHS[:3]) + 1]  # conv1_1 ... conv4_1
TOP = Encoder("vgg19_quarter", width=WIDTH, taps=("relu4_1",))
DECODER = Decoder((SIDE, SIDE, 3), WIDTH)


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


def scaled(images):
    return images.astype(np.float32) / 127.5 - 1


def told(head, features):
    """Logits of relu4_1 [B, h, w, F]."""
    return jnp.mean(features, (1, 2)) @ head["kernel"] + head["bias"]


def train(images, labels, num_classes, steps, seed):
    """Parameters of the encoder, the decoder and the head; the colours go from [0, 1] to [-1, 1] first."""
    key = jax.random.key(seed)
    colour = {"kernel": 2 * jnp.eye(3).reshape(1, 1, 3, 3), "bias": -jnp.ones(3)}
    encoder = TOP.init(named_key(key, "encoder"), jnp.zeros((1, SIDE, SIDE, 3)))["params"]
    params = {
        "encoder": {name: encoder[name] for name in TRAINED},
        "decoder": DECODER.init(named_key(key, "decoder"), jnp.zeros((1, SIDE // 8, SIDE // 8, 8 * WIDTH)))["params"],
        "head": {"kernel": jnp.zeros((8 * WIDTH, num_classes)), "bias": jnp.zeros(num_classes)},
    }
    rate = optax.warmup_cosine_decay_schedule(0.0, SETTINGS["learning_rate"], steps // 20, steps)
    adam = optax.adamw(rate, weight_decay=SETTINGS["weight_decay"])
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), adam)

    @jax.jit
    def step(params, state, clean, labels, key):
        clean = scaled(clean)
        draw = lambda of, name, *more: of(named_key(key, name), *more, shape=(len(clean), 1, 1, 1))
        clean = jnp.where(draw(jax.random.bernoulli, "flip", 0.5), clean[:, :, ::-1], clean)
        noise = draw(jax.random.uniform, "strength") * jax.random.normal(named_key(key, "noise"), clean.shape)

        def loss(params):
            seen = TOP.apply({"params": {"colour": colour, **params["encoder"]}}, clean + SETTINGS["noise"] * noise)
            made, logits = (
                DECODER.apply({"params": params["decoder"]}, seen["relu4_1"]),
                told(params["head"], seen["relu4_1"]),
            )
            error = jnp.mean(jnp.square(jnp.asarray(made) - clean))
            entropy = jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))
            return error + SETTINGS["class_weight"] * entropy, {"image error": error, "cross-entropy": entropy}

        gradient, metrics = jax.grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, metrics

    state, rng = optimizer.init(params), np.random.default_rng(seed)
    for index in range(steps):
        chosen = rng.integers(len(images), size=SETTINGS["batch_size"])
        params, state, metrics = step(params, state, images[chosen], labels[chosen], jax.random.fold_in(key, index))
        if (index + 1) % 100 == 0:
            print(index + 1, *(f"{name} {float(value):.3f}" for name, value in metrics.items()), flush=True)
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), jax.device_get({**params, "colour": colour}))
    return {"colour": params["colour"], **params["encoder"]}, params["head"]


def normalised(layers, images):
    """The same function up to the scale of channels, which becomes 1 on the mean; -> (layers, the last layer's scales)."""
    relus = tuple(name.replace("conv", "relu") for name in TRAINED)
    see = jax.jit(lambda x: Encoder("vgg19_quarter", width=WIDTH, taps=relus).apply({"params": layers}, x))
    parts = [see(scaled(images[i : i + 250])) for i in range(0, len(images), 250)]
    means = {tap: np.mean([np.mean(part[tap], (0, 1, 2)) for part in parts], 0, dtype=np.float64) for tap in relus}
    made, before = {"colour": layers["colour"]}, np.ones(3)
    for name, tap in zip(TRAINED, relus, strict=True):
        scale = np.maximum(means[tap], 0.3 * np.median(means[tap]))  # a channel that is nearly asleep stays so
        kernel = layers[name]["kernel"] * before.reshape(-1, 1) / scale
        made[name] = {"kernel": kernel, "bias": layers[name]["bias"] / scale}
        before = scale
    return made, before


def accuracies(layers, head, parts):
    """The share of right answers in each set of images, of the weights as they are written."""
    see = jax.jit(lambda x: told(head, TOP.apply({"params": layers}, x)["relu4_1"]))
    found = {}
    for name, (images, labels) in parts.items():
        logits = np.concatenate([see(scaled(images[i : i + 100])) for i in range(0, len(images), 100)])
        found[name] = round(float(top_k_accuracy(logits, labels, 1)), 4)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    (training, classes), (test, _) = read("train"), read("test")
    pixels = np.concatenate([np.tile(training[name][0], (REPEATED.get(name, 1), 1, 1, 1)) for name in DATA])
    labels = np.concatenate([np.tile(training[name][1], REPEATED.get(name, 1)) for name in DATA])
    layers, head = train(pixels, labels, len(classes), flags.steps, flags.seed)
    sample = np.random.default_rng(0).choice(len(pixels), 4000, replace=False)
    layers, scale = normalised(layers, pixels[sample])
    head = {"kernel": head["kernel"] * scale.reshape(-1, 1), "bias": head["bias"]}
    stored = jax.tree.map(lambda leaf: np.asarray(leaf, np.float16), {"params": layers, "head": head})
    as_read = jax.tree.map(lambda leaf: leaf.astype(np.float32), stored)
    splits = {"train": training, "test": test}
    facts = {
        "name": "vgg19_quarter",
        "classes": classes,
        "images": {split: {name: len(x) for name, (x, _) in parts.items()} for split, parts in splits.items()},
        "shape": (SIDE, SIDE, 3),
        "accuracy": {split: accuracies(as_read["params"], as_read["head"], parts) for split, parts in splits.items()},
        "steps": flags.steps,
        "seed": flags.seed,
        **SETTINGS,
        "command": "python " + " ".join(sys.argv),
        "date": datetime.date.today().isoformat(),
        "version": __version__,
    }
    print(facts["accuracy"], save_weights(flags.out, stored, facts), sep="\n")


if __name__ == "__main__":
    main()

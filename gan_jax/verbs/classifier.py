"""Training a small classifier on a data set, for distances between images that are named for it, and for shares of attributes."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl.flags import FlagValues

from gan_jax import __version__
from gan_jax.command.flags import Flags
from gan_jax.data import EightBit, require_labels
from gan_jax.data.source import Attributed
from gan_jax.data.sources import source_settings
from gan_jax.evaluators.classes import matched_labels
from gan_jax.features.classifier import fit, predict
from gan_jax.features.resnet import CifarResNet
from gan_jax.features.weights import save_weights
from gan_jax.metrics.attributes import attribute_accuracies
from gan_jax.metrics.classification import top_k_accuracy
from gan_jax.runtime.mesh import check_batch, make_mesh
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.workdir import check_new_file
from gan_jax.setup.setup import Setup

STEPS = 600
_BATCH_SIZE = 128
_ARCHITECTURE = {"depth": 8, "width": 16}  # 64 features: far fewer than the images of the smallest data sets


INSTEAD = {"workdir": "--out=NAME.npz", "num": "all images of the data set are taken"}


def declare(flags: Flags) -> None:
    """What `gan_jax classifier` takes."""
    flags.group("What is trained")
    flags.config("Whose data set, and how its images are prepared.", needed="sngan_digits")
    flags.path("out", None, "The weights, an .npz file; its name is the classifier's.", needed="digits.npz")
    flags.integer("steps", None, f"Updates; by default {STEPS}.", lowest=1)
    flags.integer("seed", 0, "Of all chance.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax classifier`."""
    command = "python -m gan_jax.main " + " ".join(sys.argv[1:])
    train_classifier(values.config, values.out, values.steps, values.seed, command)


def train_classifier(
    config: Any, out: str | Path, steps: int | None = None, seed: int = 0, command: str = ""
) -> Mapping[str, Any]:
    """Trains a narrow ResNet-8 on a config's data set, prints its accuracy, writes its weights. -> their facts.

    It tells the data's classes apart; where there are none, its yes/no attributes, by an output for each.
    Images are as the config prepares them, without chance, in 8 bits, all in memory; they are moved by up to an eighth
    of their size, and mirrored where the config says `data.flip`. Weights are kept as float16, statistics as float32.

    Args:
        config: a ConfigDict or nested dict, see configs/base.py; evaluate.test says what its test split is.
        out: an .npz file. What it is called is the classifier's name: digits.npz makes scores such as fd_digits.
        steps: by default 600.
        command: what was typed, for the facts.

    Raises:
        ValueError: points, data without labels and attributes or without a test split, an `out` that is no .npz.
    """
    out = Path(out).expanduser()
    if out.suffix != ".npz":
        raise ValueError(f"a classifier is written to an .npz file, such as --out=digits.npz, not to {out}")
    check_new_file(out)
    setup = Setup.of(config)
    shape = setup.stretches[-1].phase.shape
    if len(shape) != 3:
        raise ValueError(f"a classifier looks at images, and data.shape is {shape}: choose a config of images")
    train, test = _splits(setup)
    outputs = "classes" if train.classes else "attributes"
    names = train.classes or train.attribute_names
    pixels = {part.split: part.images(np.arange(len(part))) for part in (train, test)}
    labels = {part.split: part.attribute_table() for part in (train, test)}
    if train.classes:
        of_test = matched_labels(test.labels(), test.classes, train.classes, "the test split", "the training split")
        labels = {"train": train.labels(), "test": of_test}
    module = CifarResNet(len(names), **_ARCHITECTURE)
    mesh, steps = make_mesh(setup.mesh.data, setup.mesh.fsdp), STEPS if steps is None else steps
    check_batch(_BATCH_SIZE, mesh)
    settings = {
        "batch_size": _BATCH_SIZE,
        "flip": setup.preprocessing.flip,
        "shift": max(1, min(shape[:2]) // 8),
        "seed": seed,
    }
    with jax.set_mesh(mesh), Progress(steps) as bar:
        # Reading a number waits for its step: the bar shows steps done, not steps handed to the device.
        shown = lambda step, metrics: bar.update(step, step * _BATCH_SIZE, 0.0, jax.device_get(metrics))
        variables = fit(module, pixels["train"], labels["train"], len(names), steps, progress=shown, **settings)
        variables = _stored(jax.device_get(variables))
        logits = {split: predict(module, _as_float32(variables), images) for split, images in pixels.items()}
    facts = {
        "name": out.stem,
        "data": train.name,
        "test_data": test.name,
        "images": {split: len(images) for split, images in pixels.items()},
        "shape": shape,
        outputs: names,
        "architecture": {"type": "CifarResNet", **_ARCHITECTURE},
        "steps": steps,
        **settings,
        **_accuracies(logits, labels, names),
        "command": command,
        "date": datetime.date.today().isoformat(),
        "version": __version__,
    }
    if is_first():
        digest = save_weights(out, variables, facts)
        told = lambda shares: ", ".join(f"{name} {100 * share:.2f} %" for name, share in shares.items())
        print(f"{out.stem}: {len(pixels['train'])} images, {steps} steps; accuracy: {told(facts['accuracy'])}")
        if outputs == "attributes":
            print(f"on the test split: {told(facts['accuracy_by_attribute'])}")
        print(f"wrote {out}, weights {digest[:12]}")
    return facts


def _accuracies(
    logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], names: Sequence[str]
) -> dict[str, Any]:
    """Facts: the share of right answers in each split, and, where these are attributes, of each on the test split."""
    if labels["test"].ndim == 1:
        return {"accuracy": {split: round(top_k_accuracy(logits[split], labels[split], 1), 4) for split in logits}}
    right = {split: attribute_accuracies(logits[split], labels[split]) for split in logits}
    return {
        "accuracy": {split: round(float(np.mean(shares)), 4) for split, shares in right.items()},
        "accuracy_by_attribute": {
            name: round(float(share), 4) for name, share in zip(names, right["test"], strict=True)
        },
    }


def _splits(setup: Setup) -> tuple[EightBit, EightBit]:
    """The images to train on, and those to test on, prepared as the config says."""
    name, train = setup.config["data"]["source"], setup.source()
    attributes = train.attribute_names if isinstance(train, Attributed) else ()
    if not train.classes and not attributes:
        raise ValueError(
            f"a classifier needs class labels or attributes, and {train!r} has none: choose a labelled data set"
        )
    if train.classes:
        require_labels(train, len(train.classes))
    if "split" not in source_settings(name):
        raise ValueError(f"a classifier is measured on a test split, and the data source {name!r} has no splits")
    test = setup.source("test")
    if repr(test) == repr(train):
        raise ValueError(f"the config trains on {train!r}, which is the test split: leave data.split unset")
    if train.classes:
        require_labels(test, len(test.classes))
    elif not isinstance(test, Attributed) or test.attribute_names != attributes:
        raise ValueError(f"{train!r} and {test!r} have different attributes: give both splits the same")
    preprocessing = setup.preprocessing
    return EightBit(train, preprocessing, "train"), EightBit(test, preprocessing, "test")


def _stored(variables: Any) -> Any:
    return {**variables, "params": jax.tree.map(lambda leaf: leaf.astype(np.float16), variables["params"])}


def _as_float32(variables: Any) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), variables)

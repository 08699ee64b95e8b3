"""Training a small segmenter on a data set whose parts are known, for tools that ask where in an image a part is."""

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
from gan_jax.data import EightBit
from gan_jax.data.source import Parted
from gan_jax.data.sources import source_settings
from gan_jax.features.segmenter import UNet
from gan_jax.features.segmenting import fit, predict
from gan_jax.features.weights import save_weights
from gan_jax.metrics.overlap import intersection_over_union
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.workdir import check_new_file
from gan_jax.setup.setup import Setup

STEPS = 1500
_WIDTHS = (24, 48, 64)
_SETTINGS = {"batch_size": 32, "learning_rate": 2e-3, "flip": True, "shift": 2}
_LOOKED_AT = 1000  # training images that the overlap is also told of

INSTEAD = {"workdir": "--out=NAME.npz", "num": "all images of the data set are taken"}


def declare(flags: Flags) -> None:
    """What `gan_jax segmenter` takes."""
    flags.group("What is trained")
    flags.config("Whose data set, and how its images are prepared: faces, figures.", needed="sngan_faces")
    flags.path("out", None, "The weights, an .npz file.", needed="parts.npz")
    flags.integer("steps", None, f"Updates; by default {STEPS}.", lowest=1)
    flags.integer("seed", 0, "Of all chance.")
    flags.machine(processes=False)


def run(values: FlagValues) -> None:
    """Plays `gan_jax segmenter`."""
    command = "python -m gan_jax.main " + " ".join(sys.argv[1:])
    train_segmenter(values.config, values.out, values.steps, values.seed, command)


def train_segmenter(
    config: Any, out: str | Path, steps: int | None = None, seed: int = 0, command: str = ""
) -> Mapping[str, Any]:
    """Trains a small U-Net on the masks of a config's data set, prints how well it overlaps, writes its weights. -> their facts.

    Images are as the config prepares them, without chance, in 8 bits; images and masks are moved by up to two pixels and
    mirrored. Weights are kept as float16, statistics as float32. Its measure is intersection over union, pixels counted
    over all images, on the test split and on 1,000 images of the training split.

    Args:
        config: a ConfigDict or nested dict, see configs/base.py; evaluate.test says what its test split is.
        out: an .npz file.
        steps: by default 1,500.
        command: what was typed, for the facts.

    Raises:
        ValueError: data whose parts are not known or that have no test split, images that the config prepares at another
            size than their masks, an `out` that is no .npz.
    """
    out = Path(out).expanduser()
    if out.suffix != ".npz":
        raise ValueError(f"a segmenter is written to an .npz file, such as --out=parts.npz, not to {out}")
    check_new_file(out)
    setup = Setup.of(config)
    sources = _splits(setup)
    prepared = {split: EightBit(source, setup.preprocessing, split) for split, source in sources.items()}
    pixels = {split: each.images(np.arange(len(each))) for split, each in prepared.items()}
    masks = {split: np.moveaxis(source.part_masks(), 1, -1) for split, source in sources.items()}
    parts, steps = sources["train"].parts, STEPS if steps is None else steps
    module = UNet(len(parts), _WIDTHS)
    with Progress(steps) as bar:
        shown = lambda step, metrics: bar.update(step, step * _SETTINGS["batch_size"], 0.0, jax.device_get(metrics))
        variables = fit(module, pixels["train"], masks["train"], steps, seed=seed, progress=shown, **_SETTINGS)
    variables = jax.device_get(variables)
    variables = {**variables, "params": jax.tree.map(lambda leaf: leaf.astype(np.float16), variables["params"])}
    as_float32 = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), variables)
    of = lambda split, n: intersection_over_union(predict(module, as_float32, pixels[split][:n]), masks[split][:n])
    overlap = {"train": of("train", _LOOKED_AT), "test": of("test", None)}
    facts = {
        "name": out.stem,
        "data": prepared["train"].name,
        "test_data": prepared["test"].name,
        "images": {split: len(images) for split, images in pixels.items()},
        "shape": prepared["train"].shape,
        "parts": parts,
        "architecture": {"type": "UNet", "widths": _WIDTHS},
        "steps": steps,
        "seed": seed,
        **_SETTINGS,
        "iou": {split: round(float(np.nanmean(each)), 4) for split, each in overlap.items()},
        "iou_by_part": {name: round(float(value), 4) for name, value in zip(parts, overlap["test"], strict=True)},
        "command": command,
        "date": datetime.date.today().isoformat(),
        "version": __version__,
    }
    digest = save_weights(out, variables, facts)
    print(f"{out.stem}: {len(pixels['train'])} images, {steps} steps; mean IoU: {_told(facts['iou'])}")
    print(f"on the test split: {_told(facts['iou_by_part'])}")
    print(f"wrote {out}, weights {digest[:12]}")
    return facts


def _splits(setup: Setup) -> dict[str, Any]:
    """The sources to train on and to test on, whose masks are of the images' size."""
    name, train = setup.config["data"]["source"], setup.source()
    if not isinstance(train, Parted):
        raise ValueError(
            f"a segmenter learns from masks of parts, and {train!r} has none: choose a config of faces or figures"
        )
    if "split" not in source_settings(name):
        raise ValueError(f"a segmenter is measured on a test split, and the data source {name!r} has no splits")
    test = setup.source("test")
    if repr(test) == repr(train):
        raise ValueError(f"the config trains on {train!r}, which is the test split: leave data.split unset")
    sides = setup.preprocessing.shape[:2]
    if sides != (train.size, train.size) or getattr(test, "size", None) != train.size:
        raise ValueError(
            f"masks are of {train.size} x {train.size} pixels, and the config prepares images of {' x '.join(map(str, sides))}: "
            "set the data's size and data.shape alike"
        )
    return {"train": train, "test": test}


def _told(shares: Mapping[str, float] | Sequence) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in dict(shares).items())

"""Segmentations by name: rules, a segmenter that was trained here, or a function of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.analysis.measuring.parts import face_parts_segmentation, figures_segmentation
from gan_jax.analysis.segmentation import Segmentation, by_colour, by_edges, by_thresholds, of_function, of_segmenter
from gan_jax.features.segmenter import segmenter_of
from gan_jax.features.weights import load_weights
from gan_jax.names import nearest
from gan_jax.zoo.own import run_file

NAMES = {
    "colours": by_colour,
    "levels": by_thresholds,
    "edges": by_edges,
    "faces": face_parts_segmentation,
    "figures": figures_segmentation,
}
ABOUT = (
    f"Which pixels are of what: {', '.join(NAMES)}, weights of a segmenter (parts.npz), or my_file.py:function, "
    "images [n, H, W, C] in [-1, 1] -> {name: bool [n, H, W]}, or a Segmentation; that file is run."
)


def segmentation(name: str, shape: Sequence[int]) -> Segmentation:
    """The segmentation of images of this shape (H, W, C).

    Raises ValueError for a name that there is not, with those there are, and where it does not take such images;
    FileNotFoundError for a file that there is not.
    """
    file, _, called = name.rpartition(":")
    if name.endswith(".py"):
        raise ValueError(f"{name} is a file: say which function in it, such as {name}:masks")
    if file.endswith(".py"):
        found = _own(Path(file).expanduser(), called, shape)
    elif name.endswith(".npz"):
        found = of_segmenter(segmenter_of(load_weights(Path(name).expanduser())))
    elif name in NAMES:
        found = NAMES[name]()
    else:
        raise ValueError(
            f"there is no segmentation {name!r}{nearest(name, list(NAMES))}; there are {', '.join(NAMES)}, the weights of a "
            "segmenter (parts.npz), and functions of your own (my_file.py:function)"
        )
    found.on_images(np.zeros((1, *shape), np.float32))
    return found


def _own(file: Path, name: str, shape: Sequence[int]) -> Segmentation:
    value = _in_file(file, name)
    if isinstance(value, Segmentation):
        return value
    if not callable(value):
        raise ValueError(f"{name} of {file} is {type(value).__name__}, no function of images and no Segmentation")
    return of_function(value, np.zeros((1, *shape), np.float32))


def _in_file(file: Path, name: str) -> Any:
    """What a file defines by this name. Raises FileNotFoundError, and ValueError where it cannot be run, or defines none."""
    module = run_file(file)
    if not hasattr(module, name):
        has = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        raise ValueError(f"{file} has no {name!r}{nearest(name, has)}")
    return getattr(module, name)

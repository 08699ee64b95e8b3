"""Furniture as voxels, embedded in the package: each model with its class and grey pictures from eight sides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

import numpy as np

from gan_jax.data.images.decoding import decode
from gan_jax.data.in_memory import InMemory
from gan_jax.data.volumes.axes import from_xyz
from gan_jax.names import one_of

VIEWS = 8  # of each model: view k is turned by k x 45 degrees, and 0 is the front
_EMBEDDED = ("gan_jax.data", "embedded")


class Furniture(InMemory):
    """484 models of 32 x 32 x 32 voxels in 13 classes: 404 to train on, 80 to test on. Licence: embedded/NOTICE.

    The longest side of a model spans 28 voxels. `voxels` is bool [32, 32, 32, 1] as D, H, W seen from the front (see
    `data.volumes.axes`). Most meshes behind them are not closed, so chairs are shells and an open cupboard is hollow.

    Args:
        split: "train" or "test": every sixth model of a class.
        views: the views, of 0 to 7, that are shown as `image`, uint8 [64, 64, 1], from 30 degrees above. An element is
            then one view of one model: element i shows view views[i % len(views)] of model i // len(views). Empty, as by
            default: an element is a model without pictures.
        classes: the names of those classes whose models are read; empty: all. Labels are numbered in their order.

    Raises:
        ValueError: a split, view or class that there is not, or one named twice.
    """

    def __init__(self, split: str = "train", views: Sequence[int] = (), classes: Sequence[str] = ()):
        one_of(split, ("train", "test"), "furniture: split")
        views = (views,) if isinstance(views, int) else tuple(views)
        wanted = (classes,) if isinstance(classes, str) else tuple(classes)
        for view in views:
            if isinstance(view, bool) or view not in range(VIEWS):
                raise ValueError(f"furniture: views are whole numbers from 0 to {VIEWS - 1}, not {view!r}")
        folder = resources.files(_EMBEDDED[0]) / _EMBEDDED[1]
        facts = json.loads((folder / "furniture_32.json").read_text(encoding="utf-8"))
        for name in wanted:
            one_of(name, facts["classes"], "furniture: class")
        for what, named in (("views", views), ("classes", wanted)):
            if len(set(named)) < len(named):
                raise ValueError(f"furniture: {what} {', '.join(map(str, named))}: each of them can be named once")
        names = wanted or tuple(facts["classes"])
        labels, is_test = np.array(facts["labels"]), np.frombuffer(facts["test"].encode(), np.uint8) == ord("1")
        of_class = {facts["classes"].index(name): label for label, name in enumerate(names)}
        models = np.flatnonzero((is_test == (split == "test")) & np.isin(labels, list(of_class)))
        leaves = {"voxels": _voxels(folder, facts)[models].repeat(max(len(views), 1), axis=0)}
        if views:
            shown = _views(folder, facts)[models][:, list(views)]  # [models, views, 64, 64, 1]
            leaves["image"] = shown.reshape(-1, *shown.shape[2:])
        own = np.array([of_class[label] for label in labels[models]]).repeat(max(len(views), 1))
        told = "".join(f", {what}={named}" for what, named in (("views", views), ("classes", wanted)) if named)
        single = len(names) < 2  # nothing to tell apart
        super().__init__(leaves, None if single else own, () if single else names, f"Furniture(split={split!r}{told})")


def _voxels(folder, facts: dict) -> np.ndarray:
    """bool [N, D, H, W, 1]."""
    with (folder / "furniture_32_voxels.npz").open("rb") as file, np.load(file) as arrays:
        bits = np.unpackbits(arrays["voxels"], axis=1)
    return from_xyz(bits.reshape(facts["count"], *3 * [facts["grid"]]).astype(bool))[..., None]


def _views(folder, facts: dict) -> np.ndarray:
    """uint8 [N, 8, 64, 64, 1]."""
    sheet = decode((folder / "furniture_32_views.png").read_bytes(), "furniture_32_views.png")[..., 0]  # grey
    tile, in_a_row, sides = facts["views"]["tile"], facts["views"]["models_a_row"], facts["views"]["azimuths"]
    tiles = sheet.reshape(-1, tile, in_a_row, sides, tile).transpose(0, 2, 3, 1, 4)
    return tiles.reshape(-1, sides, tile, tile, 1)[: facts["count"]]

"""Scores of runs whose elements are voxels."""

from __future__ import annotations

from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.evaluators.volumes import Shapes
from gan_jax.metrics.linear_svm import svm_right
from gan_jax.metrics.solids import (
    as_solids,
    average_precisions,
    interval,
    iou_of_all_pairs,
    largest_component,
    voxel_iou,
)
from gan_jax.nn.compiling import compiled

_FULL = 0.95  # of the grid
_THRESHOLDS = np.arange(1, 10) / 10
_AT_ONCE = 32


def shapes(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The mean IoU of pairs of samples, and of training shapes beside it: near 1 all are alike ("always a cube").

    Then the shares of samples without a voxel and with nearly all, how full they are and the training shapes, and the share
    of a sample's voxels that hang on its largest piece.
    """
    made = as_solids(evidence.volumes.draw(n_fake), recipe.settings["threshold"])
    real = _some(evidence.volumes.real("train").apart().voxels, n_fake)
    full, of_real = (each.reshape(len(each), -1).mean(1) for each in (made, real))
    some = made[full > 0]
    whole = np.mean([largest_component(each).sum() / each.sum() for each in some]) if len(some) else 0.0
    numbers = {
        "": _alike(made),
        "real": _alike(real),
        "empty": np.mean(full == 0),
        "full": np.mean(full > _FULL),
        "occupancy": np.mean(full),
        "occupancy_real": np.mean(of_real),
        "largest_piece": whole,
    }
    return _outcome(numbers, n_real=len(real))


def nearest_shape(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The median IoU of samples with their nearest training shape, and the same of held-out shapes: above it, samples are
    nearer to the training shapes than new ones are. Then the share of samples that are training shapes (IoU above 0.98).
    """
    train, test = (evidence.volumes.real(split).apart().voxels for split in ("train", "test"))
    made = as_solids(evidence.volumes.draw(n_fake), recipe.settings["threshold"])
    near, of_test = (iou_of_all_pairs(each, train).max(1) for each in (made, test))
    numbers = {"": np.median(near), "test": np.median(of_test), "copies": np.mean(near > 0.98)}
    return _outcome(numbers, n_real=len(train))


def reconstruction(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Average precision of the shapes made from pictures of held-out models: the mean over models, each the mean over its
    pictures, with half its 95 % interval; the mean over classes of their means; IoU at 0.5.

    Beside it the mean training shape, the same for all, for IoU at the threshold that is best on the training shapes; and
    the mean gain over it in average precision, with half the interval of that mean.
    """
    volumes = evidence.volumes
    if not volumes.rebuilds:
        raise ValueError(
            "it is of shapes made from pictures: name a sampler that starts from them, --sampler=reconstruct"
        )
    truth, train = volumes.real("test"), volumes.real("train").apart().voxels
    made = volumes.draw(len(truth.voxels))[..., 0]
    mean = np.broadcast_to(train.mean(0, dtype=np.float32), truth.voxels.shape)
    of_mean = lambda level: np.broadcast_to(mean[:1] > level, train.shape)
    best = max(_THRESHOLDS, key=lambda level: voxel_iou(of_mean(level), train).mean())
    groups = _of_one_shape(truth)
    by_model = lambda values: np.array([values[group].mean() for group in groups])
    ap, iou = by_model(average_precisions(made, truth.voxels)), by_model(voxel_iou(made > 0.5, truth.voxels))
    base = by_model(average_precisions(mean, truth.voxels))
    base_iou = by_model(voxel_iou(mean > best, truth.voxels))
    gain = ap - base
    numbers = {"": ap.mean(), "interval": interval(ap), "iou": iou.mean(), "iou_interval": interval(iou)}
    if truth.labels is not None:
        labels = truth.labels[[group[0] for group in groups]]
        numbers["by_class"] = np.mean([ap[labels == label].mean() for label in np.unique(labels)])
    numbers |= {"mean_shape": base.mean(), "mean_shape_iou": base_iou.mean()}
    numbers |= {"gain": gain.mean(), "gain_interval": interval(gain)}
    return _outcome(numbers, n_fake=len(made), n_real=len(groups))


def shape_classes(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Test accuracy of a linear SVM on the discriminator's features: its last three maps, each max-pooled to 2 x 2 x 2, joined
    (at 64 voxels a side the paper's pools of 8, 4 and 2). Beside it the same on the voxels themselves, and half the 95 %
    interval of each.
    """
    volumes = evidence.volumes
    splits = {split: volumes.real(split).apart() for split in ("train", "test")}
    if any(each.labels is None for each in splits.values()):
        raise ValueError("it needs the classes of the shapes, and the data have none")
    known = {split: Shapes(each.voxels[keep := each.labels >= 0], each.labels[keep]) for split, each in splits.items()}
    labels = [known[split].labels for split in ("train", "test")]
    raw = [known[split].voxels.reshape(len(known[split].voxels), -1).astype(np.float32) for split in known]
    seen = [_features(evidence, known[split].voxels) for split in known]
    numbers = {}
    for part, (train, test) in (("", seen), ("raw", raw)):
        right = svm_right(train, labels[0], test, labels[1])
        numbers |= {part: right.mean(), f"{part}_interval".strip("_"): interval(right)}
    return _outcome(numbers, n_real=len(labels[0]))


def _features(evidence: Evidence, voxels: np.ndarray) -> np.ndarray:
    """bool [N, D, H, W] -> float32 [N, F]: the discriminator's last three maps, pooled."""
    rows = []
    with jax.set_mesh(evidence.mesh):
        for first in range(0, len(voxels), _AT_ONCE):
            part = np.resize(voxels[first : first + _AT_ONCE], (_AT_ONCE, *voxels.shape[1:]))
            rows.append(np.asarray(_pooled(evidence.observer, part[..., None].astype(np.float32))))
    return np.concatenate(rows)[: len(voxels)]


@compiled
def _pooled(observer, voxels):
    maps = [tap for tap in observer(voxels).values() if tap.ndim == 5][-3:]
    return jnp.concatenate([max_pooled(each) for each in maps], axis=1)


def max_pooled(x: jax.Array, side: int = 2) -> jax.Array:
    """[B, D, H, W, C] -> [B, side^3 C]: the largest of each of side^3 equal boxes. A map of smaller sides stays as it is.

    Raises ValueError where a side is no multiple.
    """
    b, *space, c = x.shape
    if min(space) < side:
        return x.reshape(b, -1)
    if any(each % side for each in space):
        raise ValueError(f"a map of {space} cannot be pooled to {side} boxes along each side")
    cells = [n for each in space for n in (side, each // side)]
    return jnp.max(x.reshape(b, *cells, c), (2, 4, 6)).reshape(b, -1)


def _of_one_shape(shapes: Shapes) -> list[np.ndarray]:
    """The places of each shape's elements, in the order of their first."""
    packed = np.packbits(shapes.voxels.reshape(len(shapes.voxels), -1), axis=1)
    _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return [np.flatnonzero(which.ravel() == each) for each in np.argsort(first)]


def _alike(solids: np.ndarray) -> float:
    pairs = iou_of_all_pairs(solids, solids)
    return float(pairs[~np.eye(len(pairs), dtype=bool)].mean())


def _some(voxels: np.ndarray, n: int) -> np.ndarray:
    """n of them, the same every time; all where there are fewer."""
    return voxels[np.sort(np.random.default_rng(0).permutation(len(voxels))[:n])]


def _outcome(numbers: dict[str, float], **counts: int) -> Outcome:
    return Outcome([Measured(part, float(value)) for part, value in numbers.items()], **counts)


RECIPES = {
    "shapes": Recipe(
        shapes,
        "how alike 200 samples of voxels are (IoU), and real shapes; empty, full, in pieces",
        200,
        split=None,
        needs_volumes=True,
        settings=MappingProxyType({"threshold": 0.5}),
    ),
    "nearest_shape": Recipe(
        nearest_shape,
        "nearest training shape of 200 samples of voxels (IoU), and of the test shapes",
        200,
        split=None,
        needs_volumes=True,
        settings=MappingProxyType({"threshold": 0.5}),
    ),
    "reconstruction": Recipe(
        reconstruction,
        "average precision and IoU of the shapes made from pictures of the test split",
        0,
        split=None,
        needs_volumes=True,
    ),
    "shape_classes": Recipe(
        shape_classes,
        "accuracy of a linear SVM on the discriminator's features of voxels, and on the voxels",
        0,
        split=None,
        needs_run=True,
        needs_volumes=True,
    ),
}

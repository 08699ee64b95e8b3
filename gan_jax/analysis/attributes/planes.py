"""Attributes as directions that are kept: the normals of their planes, and these without what moves others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.analysis.attributes.samples import Scored
from gan_jax.analysis.directions import Direction
from gan_jax.metrics.boundary import SHARE, TRAINED, Boundary, attribute_boundary, projected
from gan_jax.names import one_of

UNIT = "a standard deviation of samples along the normal of the attribute's plane"


@dataclasses.dataclass(frozen=True)
class Plane:
    """An attribute's boundary, and the direction along its normal, of which 1 is a standard deviation of samples."""

    boundary: Boundary
    direction: Direction


def attribute_planes(
    found: Scored,
    generator: str,
    names: Sequence[str] | None = None,
    share: float = SHARE,
    trained: float = TRAINED,
    seed: int = 0,
    zero: float | None = 0.0,
) -> dict[str, Plane]:
    """The plane of each attribute, by `metrics.boundary.attribute_boundary`. generator: its hash. names: None: all.

    Raises ValueError, with the attribute, for one that there is not, or of which all images are of one kind.
    """
    planes = {}
    points = found.latents.reshape(len(found.latents), -1)
    for name in found.scores if names is None else names:
        one_of(name, found.scores, "attribute")
        try:
            boundary = attribute_boundary(points, found.scores[name], share, trained, seed, zero)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        vector = _scaled(points, boundary.normal).reshape(found.latents.shape[1:])
        told = {"space": found.space[0], "vector": vector, "tool": f"attributes, {found.space}", "unit": UNIT}
        planes[name] = Plane(boundary, Direction(name, **told, generator=generator, seed=seed))
    return planes


def holding(found: Scored, planes: Mapping[str, Plane], name: str, others: Sequence[str]) -> Direction:
    """The direction of an attribute along which the planes of others are never crossed: their part of it is taken away.

    It is called NAME_holding_OTHER. Raises ValueError for attributes without a plane, and where nothing is left.
    """
    for each in (name, *others):
        one_of(each, planes, "attribute")
    normal = projected(planes[name].boundary.normal, [planes[other].boundary.normal for other in others])
    points = found.latents.reshape(len(found.latents), -1)
    vector = _scaled(points, normal).reshape(found.latents.shape[1:])
    return dataclasses.replace(
        planes[name].direction, name=f"{name}_holding_{'_'.join(others)}", vector=vector, scores={}
    )


def _scaled(points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return normal * np.std(points @ normal)

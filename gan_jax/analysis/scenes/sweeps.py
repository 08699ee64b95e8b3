"""One knob to and fro: the scenes of a moving picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gan_jax import ranges
from gan_jax.analysis.scenes.scene import Scene
from gan_jax.names import nearest

MOST_FRAMES = 240
_FURTHEST, _SMALLEST = 2.0, 0.3  # amount of a direction that is at 0; threshold of latents, nearly the average


def turned(scene: Scene, sweep: str, frames: int, by: str | None, directions: Sequence[str]) -> list[Scene]:
    """`frames` scenes, the last of which is followed by the first.

    sweep: "between", from the first image to the second and back; "truncation", from the scene's to the average and
    back; or one of `directions`, from its amount (2 where it is 0) to the opposite and back. by: what a truncation is of,
    "psi" or a "threshold". Raises ValueError for what there is not.
    """
    ranges.whole("frames", frames, 2, MOST_FRAMES)
    way = (1 - np.cos(2 * np.pi * np.arange(frames) / frames)) / 2  # 0 .. 1 .. 0, slow at the ends
    if sweep == "between":
        if scene.other is None:
            raise ValueError("a way between two images needs the second one: say which the other is")
        return [dataclasses.replace(scene, between=float(t)) for t in way]
    if sweep == "truncation":
        if by is None:
            raise ValueError("this generator's latents have no tails to truncate")
        most = scene.truncation if scene.truncation is not None else (1.0 if by == "psi" else 2.0)
        least = 0.0 if by == "psi" else min(_SMALLEST, most)
        return [dataclasses.replace(scene, truncation=float(most + t * (least - most))) for t in way]
    known = ["between", "truncation", *directions]
    if sweep not in directions:
        raise ValueError(f"there is no sweep {sweep!r}{nearest(sweep, known)}; there are {', '.join(known)}")
    most = scene.directions.get(sweep, 0.0) or _FURTHEST
    amounts = most * (1 - 2 * way)
    return [dataclasses.replace(scene, directions={**scene.directions, sweep: float(at)}) for at in amounts]

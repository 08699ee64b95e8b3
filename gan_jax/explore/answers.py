"""What the page asks for, and what it is given. Knows nothing of HTTP: JSON values in, bytes and JSON values out."""

from __future__ import annotations

import base64
import dataclasses
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_jax import ranges
from gan_jax.analysis.scenes import Scene, Studio, pixels
from gan_jax.explore.code import code_of
from gan_jax.names import nearest
from gan_jax.runtime.writers.images import image_grid
from gan_jax.runtime.writers.video import save_video

COLUMNS, LARGEST_TILE = 16, 64  # of the sheet of units
_LARGEST_GIF = 256  # pixels a side that small images are enlarged to


class Answers:
    """Answers of one generator. Not for several threads at a time.

    name: of the generator, as the page's title says it. loading: lines of Python that make `sampler`; files: those of the
    directions, by name. Every answer raises ValueError, with a sentence, for what was asked wrongly.
    """

    def __init__(self, studio: Studio, name: str, loading: str, files: Mapping[str, Path] | None = None):
        self.studio, self.name = studio, name
        self._loading, self._files = loading, dict(files or {})

    def model(self) -> dict[str, Any]:
        """What there is to turn."""
        can = self.studio.abilities
        directions = [
            {"name": each.name, "unit": each.unit, "space": each.space, "tool": each.tool}
            for each in self.studio.directions.values()
        ]
        layers = [
            {"name": name, "height": height, "width": width, "units": units}
            for name, (height, width, units) in can.layers.items()
        ]
        knobs = {"truncation": can.truncation, "classes": can.classes, "noise": can.noise, "styles": can.styles}
        return {
            "name": self.name,
            "height": can.shape[0],
            "width": can.shape[1],
            "blends": can.blends,
            **knobs,
            "directions": directions,
            "layers": layers,
        }

    def picture(self, asked: Any) -> bytes:
        """{"scene"} -> a PNG."""
        return png(pixels(self.studio.image(_scene(_asked(asked, "scene")))))

    def units(self, asked: Any) -> dict[str, Any]:
        """{"scene", "layer"} -> where each unit of a layer fires, were nothing done to the layer.

        -> {"sheet": a PNG in base64, its tiles side by side, from 0 to 255 at a unit's level and beyond; "columns",
        "height", "width" of the tiles; "levels": by unit, see `Studio.levels`; "here": its highest in this image}.
        """
        asked = _asked(asked, "scene", "layer")
        scene, layer = _scene(asked), asked["layer"]
        known = list(self.studio.abilities.layers)
        if layer not in known:
            raise ValueError(f"there is no layer {layer!r}{nearest(layer, known)}; there are {', '.join(known)}")
        others = {name: units for name, units in scene.layers.items() if name != layer}
        fired = self.studio.activations(dataclasses.replace(scene, layers=others))[layer]
        levels = self.studio.levels[layer]
        sheet, height, width = sheet_of(fired, levels)
        return {
            "sheet": base64.b64encode(png(sheet)).decode(),
            "columns": COLUMNS,
            "height": height,
            "width": width,
            "levels": [_short(level) for level in levels],
            "here": [_short(level) for level in fired.max((0, 1))],
        }

    def gif(self, asked: Any) -> bytes:
        """{"scene", "sweep", "frames", "fps"} -> a GIF, see `sweeps.turned`."""
        asked = _asked(asked, "scene", "sweep", frames=24, fps=12)
        if not isinstance(asked["sweep"], str):
            raise ValueError(f"a sweep is a name, got {asked['sweep']!r}")
        ranges.within("fps", asked["fps"], 1, 50)
        made = self.studio.frames(_scene(asked), asked["sweep"], asked["frames"])
        scale = max(1, _LARGEST_GIF // max(self.studio.abilities.shape[:2]))
        frames = (image_grid(each[None], padding=0, scale=scale) for each in made)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sweep.gif"
            save_video(path, frames, asked["fps"])
            return path.read_bytes()

    def code(self, asked: Any) -> str:
        """{"scene"} -> a Python program that writes the very same picture."""
        scene = _scene(_asked(asked, "scene"))
        self.studio.check(scene)
        if not (scene.between or scene.mixed):
            scene = dataclasses.replace(scene, other=None)
        return code_of(scene, self._loading, [self._files[name] for name in self._used(scene)])

    def _used(self, scene: Scene) -> list[str]:
        return [name for name in self._files if name in scene.directions]


def png(array: np.ndarray) -> bytes:
    """uint8 [h, w] or [h, w, 1, 3 or 4] as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def sheet_of(fired: np.ndarray, levels: Sequence[float] | np.ndarray) -> tuple[np.ndarray, int, int]:
    """Activations [h, w, F] as tiles side by side, 16 a row, uint8: 255 at a unit's level. -> the sheet, a tile's sides.

    Tiles of more than 64 places a side are made smaller.
    """
    high = np.maximum(np.asarray(levels, np.float32), 1e-6).reshape(1, 1, -1)
    tiles = np.round(np.clip(fired / high, 0, 1) * 255).astype(np.uint8).transpose(2, 0, 1)
    step = -(-max(tiles.shape[1:]) // LARGEST_TILE)
    tiles = tiles[:, ::step, ::step]
    n, height, width = tiles.shape
    rows = -(-n // COLUMNS)
    whole = np.zeros((rows * COLUMNS, height, width), np.uint8)
    whole[:n] = tiles
    sheet = whole.reshape(rows, COLUMNS, height, width).transpose(0, 2, 1, 3)
    return sheet.reshape(rows * height, COLUMNS * width), height, width


def _asked(asked: Any, *needed: str, **others: Any) -> dict[str, Any]:
    """The values that were asked with. Raises ValueError for what is missing, and for what is not known."""
    if not isinstance(asked, dict):
        raise ValueError(f"a request is a JSON object with {', '.join(needed)}")
    names = [*needed, *others]
    for name in asked:
        if name not in names:
            raise ValueError(f"a request of this kind has no {name!r}{nearest(name, names)}; it has {', '.join(names)}")
    if missing := [name for name in needed if name not in asked]:
        raise ValueError(f"the request lacks {', '.join(missing)}")
    return {**others, **asked}


def _scene(asked: Mapping[str, Any]) -> Scene:
    return Scene.of(asked["scene"])


def _short(number: Any) -> float:
    return float(f"{float(number):.4g}")

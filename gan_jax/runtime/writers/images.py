"""Arrays as pictures that a person can look at: grids of images, point clouds, and figures of panels."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gan_jax.runtime.writers.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP = 128  # grey between and around the tiles, and where the last row has none
_LEGIBLE = 64  # pixels


def image_grid(
    images: np.ndarray, columns: int | None = None, padding: int = 2, scale: int | None = None
) -> np.ndarray:
    """Images side by side. -> uint8 [h, w, 1] if they are grey, [h, w, 3] if in colour.

    images: float [N, H, W, C] in [-1, 1]; what lies outside is clipped, NaN is shown black.
        C=1 grey, 3 RGB, 4 RGBA on a checkerboard; of any other C the channels stand side by side in grey.
    columns: None: as many as make the grid nearly square. padding: pixels between tiles and around them.
    scale: each pixel becomes scale x scale; None: the smallest that makes the tiles' longer side 64 pixels.
    """
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"a grid is made of images [N, H, W, C], at least one of them; these have shape {images.shape}"
        )
    if images.shape[-1] not in (1, 3, 4):
        images = np.concatenate(np.split(images, images.shape[-1], axis=-1), axis=2)  # [N, H, C W, 1]
    n, height, width, _ = images.shape
    scale = -(-_LEGIBLE // max(height, width)) if scale is None else scale
    columns = max(1, round(math.sqrt(n * height / width))) if columns is None else columns
    columns = min(columns, n)
    if columns < 1 or scale < 1 or padding < 0:
        raise ValueError(f"columns={columns} and scale={scale} must be at least 1, padding={padding} at least 0")
    tiles = np.clip(np.nan_to_num(images, nan=-1.0), -1, 1) * 127.5 + 127.5
    tiles = np.round(tiles).repeat(scale, axis=1).repeat(scale, axis=2)
    tiles = (_on_checkerboard(tiles) if tiles.shape[-1] == 4 else tiles).astype(np.uint8)

    rows = -(-n // columns)
    height, width = height * scale + padding, width * scale + padding  # the pitch from here on
    grid = np.full((rows * height + padding, columns * width + padding, tiles.shape[-1]), _GAP, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = (i // columns) * height + padding, (i % columns) * width + padding
        grid[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return grid


def save_figure(path: str | os.PathLike, figure: Any, parents: bool = True) -> None:
    """A matplotlib figure as a PNG, which appears whole or not at all. No window system is asked for.

    parents: whether missing folders are made.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    write_atomically(path, buffer.getvalue(), parents)


def side_by_side(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Images [N, H, W, C], joined from left to right; grey beside colour becomes colour. -> [N, H, W', C].

    Lower ones are enlarged, each pixel to as many as bring it to the height of the highest. Raises ValueError where that
    height is no multiple of theirs.
    """
    if len(columns) == 1:
        return np.asarray(columns[0])
    channels, height = (max(np.shape(each)[axis] for each in columns) for axis in (3, 1))
    fitted = [each.repeat(channels, axis=-1) if each.shape[-1] == 1 else each for each in map(np.asarray, columns)]
    times = [max(height // each.shape[1], 1) for each in fitted]
    fitted = [each.repeat(k, axis=1).repeat(k, axis=2) for each, k in zip(fitted, times, strict=True)]
    if len({(len(each), each.shape[1], each.shape[-1]) for each in fitted}) > 1:
        raise ValueError(f"images side by side are of one height and number, not {[each.shape for each in columns]}")
    return np.concatenate(fitted, axis=2)


def save_png(path: str | os.PathLike, array: np.ndarray, parents: bool = True) -> None:
    """array: uint8 [h, w], or [h, w, C] with C of 1, 3 or 4. The file appears whole or not at all.

    parents: whether missing folders are made.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (1, 3, 4)):
        raise ValueError(f"a PNG is made of uint8 [h, w] or [h, w, 1, 3 or 4], not of {array.dtype} {array.shape}")
    buffer = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array).save(buffer, "png")
    write_atomically(path, buffer.getvalue(), parents)


def canvas(panels: int, width: float = 5.0, height: float = 3.5) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, three a row, each width x height inches of 100 pixels; for `save_figure`."""
    from matplotlib.figure import Figure  # imported here: it is slow

    columns = min(3, panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(width * columns, height * rows), dpi=100, layout="constrained")
    return figure, [figure.add_subplot(rows, columns, 1 + i) for i in range(panels)]


def scatter_png(
    path: str | os.PathLike, points: np.ndarray, real: np.ndarray | None = None, parents: bool = True
) -> None:
    """Generated points [N, 2] over real ones [M, 2], if given; the window is that of the real ones, so runs compare.
    Of points of a line, [N, 1], histograms.

    Points that are not finite or lie outside are not seen; the title says how many. The file appears whole or not.
    """
    points, real = np.asarray(points, np.float64), None if real is None else np.asarray(real, np.float64)
    for what, cloud in (("points", points), ("real", real)):
        if cloud is not None and (cloud.ndim != 2 or cloud.shape[1] not in (1, 2) or not len(cloud)):
            raise ValueError(f"{what} must be [N, 2] or [N, 1] with N at least 1; this has shape {cloud.shape}")
    finite = points[np.isfinite(points).all(axis=1)]
    frame = real if real is not None else finite
    low, high = (
        (frame.min(axis=0), frame.max(axis=0)) if len(frame) else (-np.ones(points.shape[1]), np.ones(points.shape[1]))
    )
    margin = 0.25 * max(float((high - low).max()), 1e-6)
    low, high = low - margin, high + margin
    seen = int(((finite >= low) & (finite <= high)).all(axis=1).sum())

    figure, (axes,) = canvas(1, height=5)
    clouds = (("real", real, {"color": "0.6"}), ("generated", finite, {"color": "tab:red", "alpha": 0.6}))
    for label, cloud, style in clouds:
        if cloud is not None and points.shape[1] == 1:
            axes.hist(cloud[:, 0], 100, range=(low[0], high[0]), density=len(cloud) > 0, label=label, **style)
        elif cloud is not None:
            axes.scatter(*cloud.T, s=4, label=label, linewidths=0, **style)
    axes.set(xlim=(low[0], high[0]))
    if points.shape[1] == 2:
        axes.set(ylim=(low[1], high[1]), aspect="equal")
    axes.set_title("" if seen == len(points) else f"{len(points) - seen} of {len(points)} points outside")
    axes.legend(loc="upper right")
    save_figure(path, figure, parents)


def _on_checkerboard(tiles: np.ndarray, square: int = 8) -> np.ndarray:
    """[N, H, W, 4] in 0..255 -> [N, H, W, 3], over light and dark grey squares."""
    y, x = np.indices(tiles.shape[1:3]) // square
    board = np.where((y + x) % 2, 204.0, 255.0)[..., None]
    alpha = tiles[..., 3:] / 255
    return np.round(tiles[..., :3] * alpha + board * (1 - alpha))

"""A page of pictures in rows, in one file that needs no server and no network."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_jax.runtime.writers.atomic import write_atomically

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; background: #fff; color: #111 }
table { border-collapse: collapse } td, th { padding: .3em .6em; text-align: left; vertical-align: middle }
img { display: block; image-rendering: pixelated; min-width: 128px; max-width: 320px }
td.number { font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
"""


class Row(NamedTuple):
    """name: of the picture. images: by column, uint8 [h, w, 1, 3 or 4]. scores: by name."""

    name: str
    images: Mapping[str, np.ndarray]
    scores: Mapping[str, float]


def write_gallery(path: str | os.PathLike, title: str, told: str, rows: Sequence[Row]) -> None:
    """Rows of images of one kind as an HTML page, in the order given. told: a sentence below the title.

    Images stand in the page itself. Raises OSError where it cannot be written.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row.images))
    scores = list(dict.fromkeys(name for row in rows for name in row.scores))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("name", *columns, *scores))
    body = "\n".join(_row(row, columns, scores) for row in rows)
    page = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style>\n<h1>{html.escape(title)}</h1>\n<p>{html.escape(told)}</p>\n"
        f"<table>\n<tr>{head}</tr>\n{body}\n</table>\n</html>\n"
    )
    write_atomically(path, page.encode("utf-8", "backslashreplace"))


def _row(row: Row, columns: Sequence[str], scores: Sequence[str]) -> str:
    name = html.escape(row.name)
    shown = [
        _picture(row.images[column], f"{name}: {html.escape(column)}") if column in row.images else ""
        for column in columns
    ]
    cells = [name, *shown]
    numbers = [f"{row.scores[score]:.4g}" if score in row.scores else "" for score in scores]
    return (
        "<tr>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "".join(f'<td class="number">{number}</td>' for number in numbers)
        + "</tr>"
    )


def _picture(image: np.ndarray, alt: str) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "png")
    return f'<img alt="{alt}" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'

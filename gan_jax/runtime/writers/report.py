"""A page of paragraphs, tables and pictures, in one file that needs no server and no network."""

from __future__ import annotations

import base64
import html
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gan_jax.runtime.writers.atomic import write_atomically

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; background: #fff; color: #111 }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .2em .8em; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums } tr:nth-child(even) { background: #8881 }
img { image-rendering: pixelated; max-width: 100% } figure { margin: 1.5em 0 } figcaption { max-width: 50em }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } img { background: #fff } }
"""


class Table(NamedTuple):
    """head: the columns' names. rows: texts and numbers; numbers are shown with four digits, None as nothing."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Picture(NamedTuple):
    """image: uint8 [h, w, 1 or 3], or a PNG file. caption: what it shows."""

    image: np.ndarray | str | os.PathLike
    caption: str


def write_report(path: str | os.PathLike, title: str, parts: Sequence[str | Table | Picture]) -> None:
    """An HTML page of the parts, in the order given; texts are paragraphs. Pictures stand in the page itself.

    Raises OSError where it cannot be written.
    """
    shown = "\n".join(_shown(part) for part in parts)
    page = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style>\n<h1>{html.escape(title)}</h1>\n{shown}\n</html>\n"
    )
    write_atomically(path, page.encode("utf-8", "backslashreplace"))


def _shown(part: str | Table | Picture) -> str:
    if isinstance(part, str):
        return f"<p>{html.escape(part)}</p>"
    if isinstance(part, Picture):
        code, caption = base64.b64encode(_png(part.image)).decode(), html.escape(part.caption)
        return f'<figure><img alt="{caption}" src="data:image/png;base64,{code}"><figcaption>{caption}</figcaption></figure>'
    head = "".join(f"<th>{html.escape(name)}</th>" for name in part.head)
    rows = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in part.rows)
    return f"<table>\n<tr>{head}</tr>\n{rows}\n</table>"


def _png(image: np.ndarray | str | os.PathLike) -> bytes:
    if not isinstance(image, np.ndarray):
        return Path(image).read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "png")
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return f"<td>{html.escape(value or '')}</td>"
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float):
        return f'<td class="number">{number:.4g}</td>' if math.isfinite(number) else "<td>-</td>"
    return f'<td class="number">{number}</td>'

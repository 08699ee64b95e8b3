"""What the toy laboratory found: one table, and one page that opens without a network."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_jax.evaluators.summary import mean_and_spread
from gan_jax.runtime.writers.atomic import write_atomically

SCORES = {"modes": "modes", "near": "good", "reverse_kl": "reverse KL"}
DATA = "the data"


class Cell(NamedTuple):
    """A game on a toy: what its seeds came to, and the pictures of the first."""

    scores: Sequence[Mapping[str, float]]  # a seed each: those of SCORES
    seconds: Sequence[float]  # of training
    animation: Path | None = None


Cells = Mapping[str, Mapping[str, Cell]]  # by game, by toy


def write_report(folder: Path, cells: Cells, abouts: Mapping[str, str], toys: Mapping[str, int]) -> None:
    """toys.md and toys.html. abouts: a sentence for each game. toys: by name, how many modes there are to reach."""
    write_atomically(folder / "toys.md", markdown(cells, toys).encode())
    write_atomically(folder / "toys.html", page(cells, abouts, toys).encode())


def markdown(cells: Cells, toys: Mapping[str, int]) -> str:
    """A row for each game, three numbers for each toy: the mean over seeds, with its spread where there are several."""
    lines = [f"| game | {' | '.join(_heads(toys))} | seconds |", "|---" * (2 + 3 * len(toys)) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in _rows(cells, toys))]) + "\n"


def page(cells: Cells, abouts: Mapping[str, str], toys: Mapping[str, int]) -> str:
    """HTML with everything in it: style, table, moving pictures."""
    text = html.escape
    table = "".join(
        f"<tr>{''.join(f'<{tag}>{text(cell)}</{tag}>' for cell in row)}</tr>"
        for tag, row in (("th", ["game", *_heads(toys), "seconds"]), *(("td", row) for row in _rows(cells, toys)))
    )
    parts = []
    for game, found in cells.items():
        if game == DATA:
            continue
        shown = "".join(
            f"<figure>{_embedded(found[toy].animation)}<figcaption>{text(toy)}: {text(_told(found[toy]))}</figcaption></figure>"
            for toy in toys
            if toy in found
        )
        parts.append(
            f"<section id='{text(game)}'><h2>{text(game)}</h2><p>{text(abouts.get(game, ''))}</p>"
            f"<div class='row'>{shown}</div></section>"
        )
    return _PAGE.replace("TABLE", table).replace("SECTIONS", "".join(parts))


def _heads(toys: Mapping[str, int]) -> list[str]:
    return [
        f"{toy}: {told} of {n}" if key == "modes" else told for toy, n in toys.items() for key, told in SCORES.items()
    ]


def _rows(cells: Cells, toys: Mapping[str, int]) -> list[list[str]]:
    rows = []
    for game, found in cells.items():
        numbers = [
            _number(key, [each[key] for each in found[toy].scores]) if toy in found else "-"
            for toy in toys
            for key in SCORES
        ]
        seconds = [value for cell in found.values() for value in cell.seconds]
        rows.append([game, *numbers, f"{np.mean(seconds):.1f}" if seconds else "-"])
    return rows


def _number(key: str, values: Sequence[float]) -> str:
    if not np.isfinite(values).all():
        return f"diverged ({np.sum(~np.isfinite(values))} of {len(values)})" if len(values) > 1 else "diverged"
    mean, spread = mean_and_spread(values)
    scale, form = (100, ".1f") if key == "near" else (1, ".1f" if key == "modes" else ".3f")
    unit = "%" if key == "near" else ""
    return f"{scale * mean:{form}}" + (f" ± {scale * spread:{form}}" if spread is not None else "") + unit


def _told(cell: Cell) -> str:
    return ", ".join(f"{told} {_number(key, [cell.scores[0][key]])}" for key, told in SCORES.items())


def _embedded(path: Path | None) -> str:
    if path is None or not path.exists():
        return ""
    return f"<img alt='' loading='lazy' src='data:image/gif;base64,{base64.b64encode(path.read_bytes()).decode()}'>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The toy laboratory</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; color: #222; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; white-space: nowrap; }
th, td { padding: 3px 8px; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
.row { display: flex; flex-wrap: wrap; gap: 12px; } figure { margin: 0; } figcaption { font-size: 12px; color: #555; }
h2 { margin: 1.6rem 0 0; font-size: 1.1rem; } p { margin: .2rem 0 .6rem; color: #444; }
</style></head><body>
<h1>The toy laboratory</h1>
<p>Each game on points whose distribution is known. Modes: how many are reached by a good point; good: the share of points within
three standard deviations of a mode; reverse KL: how unevenly points are spread over modes, in nats, 0 at best. Each animation:
generated points (red) over real ones (grey), their density, and D's logits (red: real, blue: made), over training.</p>
<div class="wide"><table>TABLE</table></div>
SECTIONS
</body></html>
"""

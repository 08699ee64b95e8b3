"""The page without a server: pictures drawn beforehand, of seeds, truncations and directions, and one index.html."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gan_jax.analysis.scenes import Scene, Studio, pixels
from gan_jax.explore.answers import png
from gan_jax.runtime.workdir import check_new_folder
from gan_jax.runtime.writers.atomic import write_atomically

STOPS = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)  # of a direction, beside 0
_PSI, _THRESHOLDS = (1.0, 0.7, 0.4, 0.0), (2.0, 1.0, 0.5)
PICTURES = "pictures"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is drawn: images 0 .. num - 1 of seed 0, at every truncation, along every direction one by one."""

    num: int
    truncations: tuple[float | None, ...]
    directions: tuple[str, ...]

    @classmethod
    def of(cls, studio: Studio, num: int, amounts: Sequence[float] | None = None) -> Plan:
        """Of all that a studio can. amounts: truncations; None: usual ones."""
        usual = {"psi": _PSI, "threshold": (None, *_THRESHOLDS), None: (None,)}[studio.abilities.truncation]
        plan = cls(num, tuple(usual if amounts is None else amounts), tuple(studio.directions))
        for truncation in plan.truncations:
            studio.check(Scene(truncation=truncation))
        return plan

    @property
    def columns(self) -> list[tuple[str, float]]:
        """(direction, amount) of a row's pictures; ("", 0) first, the image as it is."""
        return [("", 0.0), *((name, stop) for name in self.directions for stop in STOPS)]

    def scene(self, index: int, truncation: float | None, column: tuple[str, float]) -> Scene:
        name, amount = column
        return Scene(index=index, truncation=truncation, directions={name: amount} if name else {})


def export(studio: Studio, title: str, folder: str | Path, plan: Plan) -> int:
    """Writes the folder. -> how many pictures.

    A sheet an image: a row of pictures a truncation, in it the image, then each direction's stops. A page that is there is
    written over. Raises OSError where nothing can be written.
    """
    folder = Path(folder).expanduser()
    check_new_folder(folder)
    total = plan.num * len(plan.truncations) * len(plan.columns)
    with tqdm(total=total, desc="drawing", unit="picture", disable=total < 64) as bar:
        for index in range(plan.num):
            rows = []
            for truncation in plan.truncations:
                row = [pixels(studio.image(plan.scene(index, truncation, column))) for column in plan.columns]
                rows.append(np.concatenate(row, 1))
                bar.update(len(row))
            write_atomically(folder / PICTURES / f"{index:04d}.png", png(np.concatenate(rows)))
    write_atomically(folder / "index.html", page(studio, title, plan).encode())
    return total


def page(studio: Studio, title: str, plan: Plan) -> str:
    """The page's HTML: its style and its script are in it."""
    units = {each.name: each.unit for each in studio.directions.values()}
    facts = {
        "title": title,
        "width": studio.abilities.shape[1],
        "height": studio.abilities.shape[0],
        "num": plan.num,
        "kind": studio.abilities.truncation,
        "truncations": plan.truncations,
        "directions": [{"name": name, "unit": units[name]} for name in plan.directions],
        "stops": STOPS,
        "pictures": PICTURES,
    }
    files = resources.files("gan_jax.explore") / "page"
    text = (files / "export.html").read_text()
    text = text.replace("/* page.css */", (files / "page.css").read_text())
    return text.replace("@FACTS@", json.dumps(facts).replace("<", "\\u003c"))

"""What the tools share that leave a folder: numbers, pictures and a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.features.embedded import embedded_classifier, known_classifiers
from gan_jax.game import Sampler, sampled
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.names import one_of
from gan_jax.nn.compiling import compiled
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_new_file, check_new_folder
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.report import Picture, Table, write_report
from gan_jax.verbs import opening

METRICS, PAGE = "metrics.jsonl", "index.html"


def declare(flags: Flags, tool: str) -> None:
    """The generator, how it is drawn from, and the folder."""
    opening.declare(flags)
    flags.number("truncation", None, "psi of codes w; other generators: latents beyond it are drawn again.")
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.group("What is left")
    flags.path("out", tool, f"A folder: {METRICS}, pictures, and {PAGE}, which shows both.")
    flags.integer("seed", 0, "Of all chance.")


def opened(values: FlagValues, tool: str, voxels: bool = False) -> tuple[Path, opening.Opened, Sampler]:
    """The folder, the generator, and its sampler as it was asked for. Raises as `opening.opened_by`, before anything is made."""
    out = check_new_folder(values.out)
    for name in (METRICS, PAGE):
        check_new_file(out / name)
    found = opening.opened_by(values, out, f"analyse --tool={tool}", voxels)
    return out, found, with_label(truncated(found.sampler, values.truncation), values.label)


def shape_of(sampler: Sampler) -> tuple[int, ...]:
    """[H, W, C] of its images. Nothing is drawn."""
    one = jax.eval_shape(lambda sampler: sampled(sampler, jax.random.key(0), jnp.arange(1))[0], sampler)
    return one.shape[1:]


def leave(out: Path, title: str, lines: Sequence[Mapping[str, Any]], parts: Sequence[str | Table | Picture]) -> None:
    """Writes metrics.jsonl, one line a mapping, in place of what an earlier call left; and the page. Prints where."""
    if is_first():
        text = "".join(json.dumps({name: _plain(value) for name, value in line.items()}) + "\n" for line in lines)
        write_atomically(out / METRICS, text.encode())
        write_report(out / PAGE, title, parts)
        print(f"wrote {title}, to {out / PAGE}")


def _plain(value: Any) -> Any:
    """For JSON, which has no NaN: it is null."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- what a small classifier tells of images


def declare_classifier(flags: Flags, about: str, otherwise: str = "By default none.") -> None:
    """--classifier. otherwise: what happens without it."""
    flags.text("classifier", None, f"{about}: {', '.join(known_classifiers())}. {otherwise}")


def told_of(values: FlagValues, source: str | None, shape: Sequence[int]) -> Told:
    """The classifier of attributes that was asked for, or else the one of the data that the generator was trained on.

    Raises ValueError where there is none, and for a classifier of classes.
    """
    told = told_if_any(values, source, shape)
    if told is None:
        raise ValueError("what tells the attributes of these images is not known: name it, such as --classifier=faces")
    if not told.of_attributes:
        raise ValueError("this classifier tells classes, and the tool is of attributes: take --classifier=faces")
    return told


def told_if_any(values: FlagValues, source: str | None, shape: Sequence[int]) -> Told | None:
    """The same, of classes too; None where none was asked for and none is of the data, or takes images of this shape."""
    if values.classifier is not None:
        return Told(values.classifier, shape)
    try:
        return Told(source, shape) if source in known_classifiers() else None
    except ValueError:  # it was trained on images of another size
        return None


class Told:
    """A shipped classifier on images in [-1, 1]. names: of the attributes, or classes, that it tells."""

    def __init__(self, name: str, shape: Sequence[int]):
        """Raises ValueError for a name that there is not, and images of another shape than it was trained on."""
        one_of(name, known_classifiers(), "classifier")
        self._extractor = embedded_classifier(name)
        self.names = self._extractor.attributes or self._extractor.classes
        self.of_attributes = bool(self._extractor.attributes)
        self._look = compiled(lambda extractor, images: extractor(images))
        jax.eval_shape(self._extractor, jax.ShapeDtypeStruct((1, *shape), np.uint8))

    def __call__(self, images: np.ndarray, tap: str = "logits") -> np.ndarray:
        """images [n, H, W, C] -> float32 [n, F] of a tap: "logits", or "pooled"."""
        pixels = np.clip(np.round(np.asarray(images) * 127.5 + 127.5), 0, 255).astype(np.uint8)
        parts, at_once = [], 64
        for first in range(0, len(pixels), at_once):
            part = pixels[first : first + at_once]
            padded = np.pad(part, ((0, at_once - len(part)), (0, 0), (0, 0), (0, 0)))
            parts.append(np.asarray(self._look(self._extractor, padded)[tap])[: len(part)])
        return np.concatenate(parts)

    def scores(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """By name its logit, [n]."""
        return dict(zip(self.names, self(images).T, strict=True))

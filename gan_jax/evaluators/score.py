"""One score, with everything that shaped it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gan_jax.runtime.processes.processes import warn
from gan_jax.runtime.storage import RemotePath, at

# Where two scores differ in nothing but these, they follow one protocol and may be compared.
_RESULTS = ("value", "spread", "step", "seed", "subject", "subject_hash", "version", "date", "seconds")


@dataclasses.dataclass(frozen=True)
class Score:
    """A number that a recipe gave, and the protocol behind it. JSON numbers, strings and null throughout.

    value, spread: the number, and its standard deviation over splits, subsets or classes (None where it has none).
    name: what the number is, such as "fid50k", "swd/16" or "probe/block2"; recipe: what made it.
    subject: what was scored: a work folder, or a set of images, and then subject_hash, of its pixels. step: of its
        checkpoint.
    weights: "ema" or "raw"; batch_norm: "running", "batch" or "standing", of translators "image" or "running"; truncation of
        the latents; drawing: "index", sample i from the seed and i alone. None for images that were made elsewhere.
        directions: what samples are moved along, such as "glasses:+2"; None: nothing.
    extractor, extractor_hash, resize, tap: what looked at the images. reference, reference_hash and split: what they were
        compared with. The hash is of all pixels of the images taken, and of both splits, labels and names of classes
        where the recipe takes these; up to version 0.2.0 it was of 256 images.
    settings: the recipe's own, such as subsets, neighbours or the probe's protocol.
    """

    name: str
    value: float
    spread: float | None = None
    recipe: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    n_fake: int | None = None
    n_real: int | None = None
    reference: str | None = None
    reference_hash: str | None = None
    split: str | None = None
    extractor: str | None = None
    extractor_hash: str | None = None
    resize: str | None = None
    tap: str | None = None
    subject: str = ""
    subject_hash: str | None = None
    step: int | None = None
    weights: str | None = None
    batch_norm: str | None = None
    truncation: float | None = None
    directions: str | None = None
    drawing: str | None = None
    seed: int | None = None
    version: str = ""
    date: str = ""
    seconds: float | None = None

    def protocol(self) -> dict[str, Any]:
        """All that two scores must share to be comparable."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key not in _RESULTS}

    def to_json(self) -> str:
        """One line."""
        plain = dataclasses.asdict(self)
        for key in ("value", "spread"):
            if isinstance(plain[key], float) and not math.isfinite(plain[key]):
                plain[key] = str(plain[key])  # JSON has no NaN; float() reads it back
        return json.dumps(plain)

    @classmethod
    def from_json(cls, line: str) -> Score:
        """Reads what `to_json` wrote. Raises ValueError for anything else."""
        try:
            plain = json.loads(line)
            plain["value"] = float(plain["value"])
            if plain.get("n_fake") and plain.get("weights"):  # version 0.1 drew by index, and did not say so
                plain.setdefault("drawing", "index")
            plain["spread"] = None if plain.get("spread") is None else float(plain["spread"])
            return cls(**plain)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"this line is no score: {line[:80]!r}") from error


def differences(a: Score, b: Score) -> list[str]:
    """What in the protocols of two scores differs, a line each; empty where they may be compared."""
    one, other = a.protocol(), b.protocol()
    return [f"{key}: {one[key]} and {other[key]}" for key in one if one[key] != other[key]]


def compare(a: Score, b: Score, force: bool = False) -> float:
    """b.value - a.value. Raises ValueError where the protocols differ, naming what does, unless forced."""
    if not force and (lines := differences(a, b)):
        raise ValueError(
            f"{a.name} of {a.subject} and {b.name} of {b.subject} follow different protocols:\n  "
            + "\n  ".join(lines)
            + "\nScore both by one protocol, or force the comparison."
        )
    return b.value - a.value


def today() -> str:
    """The date and time for a score, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def append_scores(path: str | Path, scores: Iterable[Score]) -> None:
    """Adds a line for each score; the file and its folder are made where they are missing. Nothing there is changed.

    Raises OSError, which names the file, where it cannot be written, as on a full disk.
    """
    path = at(path)
    lines = "".join(score.to_json() + "\n" for score in scores)
    try:
        if isinstance(path, RemotePath):
            before = path.read_bytes() if path.exists() else b""
            path.write_bytes(before + b"\n" * (before[-1:] not in (b"", b"\n")) + lines.encode())
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and path.stat().st_size and path.read_bytes()[-1:] != b"\n"
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" * bool(torn) + lines)
    except OSError as error:
        why = error.strerror or error
        raise OSError(
            f"{path}: scores could not be added ({why}). What was there is as it was; make room, and score again"
        ) from error


def check_scores_file(path: str | Path) -> None:
    """Raises ValueError, before any work, where scores cannot be appended to this file: a folder, or another kind of file.

    Says which of its lines are no scores.
    """
    path = at(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: scores are appended to a file, such as {path / 'scores.jsonl'}")
    if path.exists():
        read_scores(path)


def read_scores(path: str | Path, quiet: bool = False) -> list[Score]:
    """The scores of a file, oldest first; of two of one subject, protocol, step and seed the later one alone.

    Lines that are no scores, torn by a full disk or of a newer version, are left out, and said on stderr unless quiet.
    Raises ValueError for a file that is something else. The file stays as it is in any case.
    """
    kept: dict[str, Score] = {}
    strange: list[int] = []
    lines = at(path).read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                score = Score.from_json(line.decode())
                key = json.dumps(
                    [score.protocol(), score.subject, score.subject_hash, score.step, score.seed], sort_keys=True
                )
                kept.pop(key, None)
                kept[key] = score
        except ValueError:
            strange.append(number)
    if strange and not kept and not lines[strange[0] - 1].lstrip().startswith(b"{"):
        raise ValueError(
            f"{path} is no file of scores: line {strange[0]} is none. It was left as it is; name another file"
        )
    if strange and not quiet:
        told = ", ".join(map(str, strange[:5])) + (", ..." if len(strange) > 5 else "")
        warn(f"{path}: left out, since they are no scores that this version can read: line {told}")
    return list(kept.values())

"""One game of the laboratory on one toy: played, drawn, and kept, so that the same command does not play it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_jax.data.sources.toys import Toys
from gan_jax.metrics.modes import mode_coverage
from gan_jax.run.laboratory.bench import SIZES, Bench, Played, on_toy
from gan_jax.run.laboratory.frames import drawn
from gan_jax.run.laboratory.picture import draw
from gan_jax.run.laboratory.report import SCORES, Cell
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.video import save_video

REAL = 20_000  # points of a toy; as many of its test split are "the data" in the table
_FPS = 4.0


def toy_of(name: str, split: str = "train") -> Toys:
    """A toy at the laboratory's size."""
    return Toys(name, split, length=REAL, **SIZES[name])


def of_the_data(name: str) -> Cell:
    """What real points score: the best that can be had."""
    return Cell([_shown(mode_coverage(toy_of(name, "test").images, toy_of(name).modes, toy_of(name).std))], [])


def cell(
    config: Mapping[str, Any],
    bench: Callable[[], Bench],
    toy: str,
    seeds: Sequence[int],
    frames: int,
    name: str,
    folder: Path,
    say: Callable[[str], None],
) -> Cell:
    """Plays a game on a toy with each seed, where its numbers are not there yet.

    bench: makes the game, when it is first needed. Writes folder/TOY/NAME.png and .gif, of the first seed, and NAME_SEED.json.
    """
    scores, seconds = [], []
    animation = folder / toy / f"{name}.gif"
    for seed in seeds:
        kept = folder / toy / f"{name}_{seed}.json"
        asked = {"config": on_toy(config, toy, seed), "frames": frames}
        record = _read(kept)
        if record is None or record["asked"] != _plain(asked) or (seed == seeds[0] and not animation.exists()):
            played = bench().play(toy_of(toy), seed, frames)
            if seed == seeds[0]:
                _draw(played, toy, name, animation)
            found = _shown(played.scores)
            curves = {"round": [frame.round for frame in played.frames], "metrics": [f.metrics for f in played.frames]}
            record = {"asked": _plain(asked), "scores": found, "seconds": played.seconds, **curves}
            write_atomically(kept, (json.dumps(record) + "\n").encode())
            told = ", ".join(f"{told} {found[key]:.3g}" for key, told in SCORES.items())
            say(
                f"{name} on {toy}, seed {seed}: {told}, {played.seconds:.1f} s and {played.compile_seconds:.1f} s to compile"
            )
        scores.append(record["scores"])
        seconds.append(record["seconds"])
    return Cell(scores, seconds, animation)


def _draw(played: Played, toy: str, name: str, animation: Path) -> None:
    real = toy_of(toy).images
    last = played.frames[-1]
    pictures = [_fewer_colours(drawn(frame, real)) for frame in played.frames]
    save_video(animation, [*pictures, *pictures[-1:] * 5], _FPS)  # it rests at the end
    draw(animation.with_suffix(".png"), last, real, f"{name} on {toy}, round {last.round:,}")


def _fewer_colours(picture: np.ndarray) -> np.ndarray:
    """In 48 colours: an animation of a third of the size."""
    few = Image.fromarray(picture).quantize(48, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))


def _shown(scores: Mapping[str, float]) -> dict[str, float]:
    return {key: float(scores[key]) for key in SCORES}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _read(path: Path) -> dict[str, Any] | None:
    """A record, or None where there is none that can be read."""
    try:
        record = json.loads(path.read_text())
        return record if {"asked", "scores", "seconds"} <= record.keys() else None
    except (OSError, ValueError, AttributeError):
        return None

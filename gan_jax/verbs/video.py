"""A moving picture: a walk through what a generator can draw, or the time lapse of its training."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues
from PIL import Image
from tqdm import tqdm

from gan_jax.analysis.walks import SPACES, on_the_way, places
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import check_memory, sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import at
from gan_jax.runtime.workdir import check_new_file
from gan_jax.runtime.writers.images import image_grid
from gan_jax.runtime.writers.video import check_video, save_video
from gan_jax.verbs import along, opening

MOST_FRAMES = 100_000  # over an hour at 20 a second; they are held in memory
_OF_WALK = (
    "model", "step", "weights", "num", "frames", "panels", "space", "seed", "truncation", "direction", "label", "sampler"
)  # fmt: skip
INSTEAD: dict[str, str] = {"steps": "--step={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax video` takes."""
    opening.declare(flags, remote=True)
    flags.group("What is shown")
    flags.path("out", "walk.gif", "The file: .gif, .webp, or .mp4 where ffmpeg is installed.")
    flags.switch("timelapse", False, "The pictures that training drew, in order, in place of a walk.")
    flags.integer("num", 6, "Elements that the walk goes by, and back to the first.", lowest=2, highest=10_000)
    flags.integer("frames", 30, "Frames from one to the next.", lowest=1, highest=10_000)
    flags.integer("panels", 4, "Walks side by side.", lowest=1, highest=64)
    flags.number("fps", 20.0, "Frames a second.")
    flags.one_of("space", None, SPACES, "Where it walks; by default w where the generator has codes w.")
    flags.integer("seed", 0, "Of all chance.")
    flags.number("truncation", None, "psi of codes w; of generators without: normal latents beyond it are drawn again.")
    along.declare(flags)
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax video`."""
    check_video(values.out, values.fps)
    check_new_file(values.out)
    if values.timelapse:
        if unused := [name for name in _OF_WALK if values[name].present]:
            raise UsageError(f"video --timelapse takes no --{unused[0]}: it would change nothing")
        if values.workdir is None:
            raise UsageError("video --timelapse is of a run's training: --workdir=runs/faces")
        frames = timelapse(values.workdir)
        print(f"{len(frames)} pictures of {values.workdir}/samples")
    else:
        frames = walk(values)
    if is_first():
        count = save_video(values.out, frames, values.fps)
        print(f"wrote {count} frames to {values.out}")


def timelapse(workdir: str | Path) -> list[np.ndarray]:
    """The pictures that training drew of one sample, uint8 [h, w, C], in the order of their rounds.

    Raises ValueError where there are fewer than two. In a run that grows, small ones are enlarged to the last one's size.
    """
    files = sorted(file for file in (at(workdir) / "samples").glob("*.png") if file.stem.isdigit())
    if len(files) < 2:
        raise ValueError(f"{workdir} holds {len(files)} pictures of samples: a time lapse is made of two or more")
    pictures = [Image.open(io.BytesIO(file.read_bytes()), formats=["PNG"]).convert("RGB") for file in files]
    size = pictures[-1].size
    enlarged = lambda each: each if each.size == size else each.resize(size, Image.Resampling.NEAREST)
    return [np.asarray(enlarged(each)) for each in pictures]


def walk(values: FlagValues) -> Iterator[np.ndarray]:
    """Frames uint8 [h, w, C] of several walks side by side."""
    if (total := values.num * values.frames) > MOST_FRAMES:
        raise ValueError(
            f"--num={values.num} elements of --frames={values.frames} each are {total:,} frames, and {MOST_FRAMES:,} are the most"
        )
    found = opening.opened_by(values, values.out, "a walk")
    check_memory(total * values.panels, opening.shape_of(found.sampler))
    return _frames(values, found.sampler, total)


def _frames(values: FlagValues, sampler: Sampler, total: int) -> Iterator[np.ndarray]:
    sampler = with_label(along.moved(values, truncated(sampler, values.truncation)), values.label)
    key, walks = sample_key(values.seed), []
    for panel in range(values.panels):
        indices = jnp.arange(panel * values.num, (panel + 1) * values.num, dtype=jnp.uint32)
        walks.append(on_the_way(sampler, *places(sampler, key, indices, values.space), values.frames))
    for images in tqdm(zip(*walks, strict=True), total=total, desc="walking", unit="frame", disable=not is_first()):
        yield image_grid(np.stack(images))

"""Images from a trained run, as a grid, an array file, or a folder of PNGs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.references import Reference
from gan_jax.run.state import restore
from gan_jax.run.work_folder import require_same
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.images import image_grid, save_png, scatter_png, voxel_views
from gan_jax.setup.config import resolve

INSTEAD = {"steps": "--step={}", "recipes": "--mode=evaluate --recipes={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax sample` takes."""
    flags.group("The run")
    flags.workdir("The run's folder.", needed="runs/digits")
    flags.config("May be given: it is compared with the one that the run was begun with.")
    flags.checkpoint()
    flags.group("What is drawn")
    flags.path("out", "samples.png", "A grid (.png), an array file (.npz), or a folder of PNGs.")
    flags.integer("num", 64, "How many images.", lowest=1)
    flags.integer("seed", 0, "Of all chance.")
    flags.number("truncation", None, "Normal latents beyond this are drawn again.")
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.text("sampler", None, "Which of the game's samplers, such as a_to_b; by default the first.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax sample`."""
    if values.config is not None:
        require_same(Path(values.workdir), resolve(values.config))
    average = values.weights == "ema"
    asked = (values.num, values.seed, values.step, average, values.truncation, values.label, values.sampler)
    sample(values.workdir, values.out, *asked)


def load_sampler(
    workdir: str | Path, step: int | None = None, average: bool = True, sampler: str | None = None
) -> tuple[int, Sampler]:
    """(step, sampler) of a run's newest checkpoint, or of the one at `step`.

    average: the generator's moving average, where one is kept; False: its weights as they are. sampler: by name, such as
    "a_to_b"; None: the method's first. Raises FileNotFoundError where the folder holds no run or no checkpoint.
    """
    restored = restore(workdir, step)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, average)
    return restored.step, chosen_sampler(samplers, sampler)


def write(drawn: dict[str, np.ndarray], out: str | Path) -> list[Path]:
    """Writes images as what `out` says: a grid (.png), uint8 arrays (.npz), or a folder of PNGs. -> what was written.

    The .npz holds "image" uint8 [n, H, W, C] (points and voxels: float32) and "label"; gan_jax reads it back as a data set.
    """
    out, images = Path(out), drawn["image"]
    points, voxels = images.ndim == 2, images.ndim == 5
    if out.suffix == ".png":
        if points:
            scatter_png(out, images)
        else:
            save_png(out, image_grid(voxel_views(images) if voxels else images))
        return [out]
    arrays = {**drawn, "image": images if points or voxels else _as_bytes(images)}
    if out.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        write_atomically(out, buffer.getvalue())
        return [out]
    if out.suffix or points or voxels:
        kinds = ".png or .npz" if points or voxels else ".png (a grid), .npz, or a folder's name without an ending"
        raise ValueError(f"cannot write {out}: out ends in {kinds}")
    paths = [out / f"{i:06d}.png" for i in range(len(images))]
    for path, image in zip(paths, arrays["image"], strict=True):
        if image.shape[-1] == 2:
            raise ValueError("PNG files hold 1, 3 or 4 channels: write images of 2 channels to .npz")
        save_png(path, image)
    return paths


def sample(
    workdir: str | Path,
    out: str | Path,
    num: int = 64,
    seed: int = 0,
    step: int | None = None,
    average: bool = True,
    truncation: float | None = None,
    label: int | None = None,
    sampler: str | None = None,
) -> None:
    """Draws `num` images from a run and writes them to `out`; see `load_sampler`, `draw` and `write`.

    A sampler that starts from images starts from those of the run's test split, or of its data where there is none.
    """
    restored = restore(workdir, step)
    chosen = chosen_sampler(restored.setup.method.samplers(restored.state, restored.phase, average), sampler)
    chosen = with_label(truncated(chosen, truncation), label)
    given = Reference(restored.setup).given(chosen.given, restored.phase.shape) if chosen.given else None
    drawn = draw(chosen, num, seed, given)
    if is_first():
        written = write(drawn, out)
        what = f"{written[0]}" if len(written) == 1 else f"{len(written)} files in {written[0].parent}"
        print(f"wrote {num} samples of step {restored.step} to {what}")


def _as_bytes(images: np.ndarray) -> np.ndarray:
    return np.round(np.clip(images, -1, 1) * 127.5 + 127.5).astype(np.uint8)

"""Images from a trained generator, as a grid, an array file, or a folder of PNGs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.directions import Direction, with_directions
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import check_memory, chosen_sampler, draw
from gan_jax.run.references import Reference
from gan_jax.run.state import restore
from gan_jax.run.work_folder import require_same
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import at
from gan_jax.runtime.workdir import check_apart, check_new_file, check_new_folder
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.images import image_grid, save_png, scatter_png
from gan_jax.runtime.writers.shapes_page import shapes_page
from gan_jax.runtime.writers.voxels import shaded_views
from gan_jax.setup.config import resolve
from gan_jax.verbs import along, opening

_OF_PNG = (1, 3, 4)  # channels
INSTEAD = {"steps": "--step={}", "recipes": "--mode=evaluate --recipes={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax sample` takes."""
    opening.declare(flags, remote=True)
    flags.config("May be given: it is compared with the one that the run was begun with.")
    flags.group("What is drawn")
    flags.path(
        "out",
        "samples.png",
        "A grid (.png), an array file (.npz), a folder of PNGs; of voxels also a page (.html).",
        remote=True,
    )
    flags.integer("num", 64, "How many images.", lowest=1)
    flags.integer("seed", 0, "Of all chance.")
    flags.number("truncation", None, "Normal latents beyond this are drawn again; of codes w it is psi.")
    along.declare(flags)
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax sample`."""
    opening.check_one(values, "sample")
    if values.model is not None:
        if values.config is not None:
            raise UsageError("--config is compared with a run's, and --model names no run: leave one of the two out")
        found = opening.opened(values, None)
        chosen = with_label(along.moved(values, truncated(found.sampler, values.truncation)), values.label)
        return _sample(chosen, opening.shape_of(found.sampler), values.out, values.num, values.seed, found.name)
    if values.config is not None:
        require_same(at(values.workdir), resolve(values.config))
    average = values.weights == "ema"
    asked = (values.num, values.seed, values.step, average, values.truncation, values.label, values.sampler)
    sample(values.workdir, values.out, *asked, along.chosen(values))


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
    """Writes images as what `out` says: a grid (.png), uint8 arrays (.npz), a folder of PNGs, or, of voxels, a page that
    turns them (.html). -> what was written.

    A grid shows class after class; of a single image it is that image, without a frame. The .npz holds "image" uint8
    [n, H, W, C] (points and voxels: float32) and "label", in the order in which they were drawn; gan_jax reads it back as
    a data set. Raises what `check_out` raises.
    """
    images = drawn["image"]
    out = check_out(out, images.shape[1:], len(images))
    if out.suffix == ".png":
        if images.ndim == 2:
            scatter_png(out, images)
        elif len(images) == 1 and images.shape[-1] in _OF_PNG and images.ndim == 4:
            save_png(out, _as_bytes(images)[0])
        else:
            order = np.argsort(drawn["label"], kind="stable") if "label" in drawn else slice(None)
            shown = shaded_views(images[order]) if images.ndim == 5 else images[order]
            save_png(out, image_grid(shown, padding=2 if len(shown) > 1 else 0))
        return [out]
    if out.suffix == ".html":
        shapes_page(out, images, title=f"{len(images)} samples")
        return [out]
    arrays = {**drawn, "image": _as_bytes(images) if images.ndim == 4 else images}
    if out.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        write_atomically(out, buffer.getvalue())
        return [out]
    paths = [out / name for name in _names(len(images))]
    for path, image in zip(paths, arrays["image"], strict=True):
        save_png(path, image)
    return paths


def check_out(out: str | Path, shape: tuple[int, ...], num: int) -> Path:
    """Where `num` images of a shape are written to, see `write`. A ~ at its beginning is the home folder.

    Raises ValueError for an ending that cannot be written, OSError for a place that cannot be written to,
    FileExistsError for a folder with other files than these
    samples: they would be taken for one set.
    """
    out = at(out)
    is_page = out.suffix == ".html" and len(shape) == 4
    if out.suffix in (".png", ".npz") or is_page:
        if out.is_dir():
            raise IsADirectoryError(f"cannot write {out}: it is a folder; name a file, or a folder without an ending")
        return check_new_file(out)
    if out.suffix or len(shape) != 3:
        kinds = {3: ".png (a grid), .npz, or a folder's name without an ending", 4: ".png, .npz or .html"}
        kinds = kinds.get(len(shape), ".png or .npz")
        raise ValueError(f"cannot write {out}: out ends in {kinds}")
    if shape[-1] not in _OF_PNG:
        raise ValueError(f"PNG files hold 1, 3 or 4 channels: write images of {shape[-1]} channels to .npz")
    if out.is_file():
        raise NotADirectoryError(
            f"cannot write {out}: it is a file; name a folder, or a file that ends in .png or .npz"
        )
    check_new_folder(out)
    present = {path.name for path in out.iterdir() if not path.name.startswith(".")} if out.exists() else set()
    if other := present - set(_names(num)):
        raise FileExistsError(
            f"cannot write {num} samples to {out}: the folder holds {len(other):,} other file(s), such as {min(other)}, and "
            "they would be taken for one set; name a new folder, or empty this one"
        )
    return out


def _names(num: int) -> list[str]:
    return [f"{i:06d}.png" for i in range(num)]


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
    directions: Sequence[tuple[Direction, float]] = (),
) -> None:
    """Draws `num` images from a run and writes them to `out`; see `load_sampler`, `draw` and `write`.

    A sampler that starts from images starts from those of the run's test split, or of its data where there is none.
    directions: with how far each is taken, see `analysis.directions`.
    """
    restored = restore(workdir, step)
    check_apart(out, *restored.setup.inputs)
    chosen = chosen_sampler(restored.setup.method.samplers(restored.state, restored.phase, average), sampler)
    chosen = with_label(with_directions(truncated(chosen, truncation), directions), label)
    shape = restored.phase.shape
    given = Reference(restored.setup).given(chosen.given, shape) if chosen.given else None
    _sample(chosen, shape, out, num, seed, f"step {restored.step}", given)


def _sample(
    sampler: Sampler, shape: tuple[int, ...], out: str | Path, num: int, seed: int, name: str, given: Any = None
) -> None:
    """Checks where `num` elements of a shape shall go and whether they fit in memory, then draws and writes them."""
    out = check_out(out, shape, num)
    check_memory(num, shape)
    drawn = draw(sampler, num, seed, given)
    if is_first():
        written = write(drawn, out)
        what = f"{written[0]}" if len(written) == 1 else f"{len(written)} files in {written[0].parent}"
        print(f"wrote {num} sample{'s' if num > 1 else ''} of {name} to {what}")


def _as_bytes(images: np.ndarray) -> np.ndarray:
    return np.round(np.clip(images, -1, 1) * 127.5 + 127.5).astype(np.uint8)

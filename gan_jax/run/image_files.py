"""Image files that a command reads one by one, as networks see them, and where what it makes of each is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_jax.data.files.layout import ENDINGS
from gan_jax.data.images.channels import with_channels
from gan_jax.data.images.decoding import decode
from gan_jax.data.images.resizing import resize


def image_files(path: str | Path) -> list[Path]:
    """The image itself, or those directly in a folder, by name. Raises FileNotFoundError where there is none."""
    path = Path(path).expanduser()
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"there is no image and no folder {path.absolute()}")
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS and not file.name.startswith("."))
    if not found:
        raise FileNotFoundError(f"there are no images in {path.absolute()}. Known endings: {' '.join(ENDINGS)}")
    return found


def read_image(path: Path, channels: int, shorter_side: int | None = None) -> np.ndarray:
    """float32 [1, H, W, channels] in [-1, 1]. shorter_side: to be brought to this many pixels; None: as it is.

    Raises FileNotFoundError, or BrokenImage where the file is no image.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no image {path.absolute()}")
    image = with_channels(decode(path.read_bytes(), str(path)), channels)
    if shorter_side is not None:
        scale = shorter_side / min(image.shape[:2])
        image = resize(image, (round(image.shape[0] * scale), round(image.shape[1] * scale)), "lanczos")
    return image[None].astype(np.float32) / 127.5 - 1


def written_to(files: list[Path], out: str | Path) -> list[Path]:
    """A PNG for each file: `out` itself where it ends in .png and there is one file, else the files' names in the folder `out`.

    Raises ValueError for another ending, for several files and one PNG, for names that differ in their endings alone, and
    where a file that is read would be written over.
    """
    out = Path(out).expanduser()
    if out.suffix and out.suffix != ".png":
        raise ValueError(f"cannot write {out}: out ends in .png, or is a folder's name without an ending")
    if out.suffix and len(files) > 1:
        raise ValueError(f"{len(files)} images cannot be written to {out}: give a folder's name without an ending")
    written = [out] if out.suffix else [out / f"{file.stem}.png" for file in files]
    if twice := {path.name for path in written if written.count(path) > 1}:
        raise ValueError(f"several images would be written to {min(twice)}: their names differ in the ending alone")
    if over := {path.absolute() for path in written} & {file.absolute() for file in files}:
        raise ValueError(f"{min(over)} would be written over: give another out")
    return written

"""Moving pictures: GIF and WebP by Pillow, MP4 where ffmpeg is on the path."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from gan_jax.runtime.writers.atomic import write_atomically

ENDINGS = (".gif", ".webp", ".mp4")


def check_video(path: str | os.PathLike, fps: float = 20.0) -> None:
    """Raises ValueError for an ending that is none of `ENDINGS`, .mp4 where there is no ffmpeg, and fps out of range."""
    if not 0 < fps <= 120:
        raise ValueError(f"fps is more than 0 and at most 120, got {fps}")
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"cannot write {path}: out ends in {', '.join(ENDINGS)}")
    if ending == ".mp4" and shutil.which("ffmpeg") is None:
        raise ValueError(
            f"cannot write {path}: MP4 needs the program ffmpeg, which is not on the path; .webp needs none"
        )


def save_video(path: str | os.PathLike, frames: Iterable[np.ndarray], fps: float = 20.0) -> int:
    """Writes frames, uint8 [h, w, 1 or 3] of one size, and says how many. The file appears whole or not at all.

    A GIF shows no more than 50 frames a second, and its times are in hundredths of one.
    """
    check_video(path, fps)
    ending = Path(path).suffix.lower()
    pictures = [Image.fromarray(np.repeat(frame, 3, -1) if frame.shape[-1] == 1 else frame) for frame in frames]
    if not pictures:
        raise ValueError("a video needs a frame or more")
    if ending == ".mp4":
        _mp4(Path(path), pictures, fps)
        return len(pictures)
    buffer = io.BytesIO()
    options = {"lossless": True} if ending == ".webp" else {"optimize": False}
    duration = max(round(1000 / fps), 20)
    first, *rest = pictures
    first.save(buffer, ending[1:], save_all=True, append_images=rest, duration=duration, loop=0, **options)
    write_atomically(path, buffer.getvalue())
    return len(pictures)


def _mp4(path: Path, pictures: list[Image.Image], fps: float) -> None:
    width, height = (side + side % 2 for side in pictures[0].size)  # the encoder takes even sides alone
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
        command += ["-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", str(out)]
        even = [
            np.pad(np.asarray(each), ((0, height - each.height), (0, width - each.width), (0, 0))) for each in pictures
        ]
        made = subprocess.run(
            command, input=b"".join(each.tobytes() for each in even), capture_output=True, check=False
        )
        if made.returncode:
            raise OSError(f"ffmpeg could not write {path}: {made.stderr.decode(errors='replace').strip()}")
        write_atomically(path, out.read_bytes())

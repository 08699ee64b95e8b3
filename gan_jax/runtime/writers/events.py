"""TensorBoard's event files, without TensorFlow."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from gan_jax.runtime.processes.processes import is_first


class EventFile:
    """Writes scalars and images for TensorBoard. Only process 0 writes; on the others every call does nothing.

    directory: where; each start writes a new file there, so nothing that exists is touched.
    resume_step: the step that a run resumes from; TensorBoard then hides what earlier files hold of later steps.
    """

    def __init__(self, directory: str | os.PathLike, resume_step: int | None = None):
        self._writer = None
        if is_first():
            from tensorboardX import SummaryWriter  # imported here: it takes a while, and only process 0 needs it

            self._writer = SummaryWriter(
                logdir=os.fspath(directory),
                purge_step=None if resume_step is None else resume_step + 1,
                filename_suffix=f".{time.time_ns()}",  # two starts within a second are two files
                flush_secs=30,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def scalars(self, step: int, values: Mapping[str, Any]) -> None:
        """values: {"d/rotation": number}; what is not a number is left out, as TensorBoard has no place for it."""
        if self._writer is not None:
            for name, value in values.items():
                if not isinstance(value, str) and value is not None:
                    self._writer.add_scalar(name, float(value), step)

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """image: uint8 [H, W, 1 or 3], as from `image_grid`."""
        if self._writer is not None:
            self._writer.add_image(name, image, step, dataformats="HWC")

    def flush(self) -> None:
        """Puts on disk what is buffered; it happens by itself every 30 s."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Flushes and closes; later calls do nothing."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

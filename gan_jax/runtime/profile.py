"""A trace of some rounds of a run: what device and host did, and when."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import jax

from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import RemotePath


def parse_rounds(text: str) -> tuple[int, int]:
    """ "10:20" -> (10, 20): the ten rounds that follow round 10. Raises ValueError, in a sentence, for anything else."""
    start, colon, stop = text.partition(":")
    if not (colon and start.isdecimal() and stop.isdecimal()):
        raise ValueError(f"--profile takes a range of rounds, such as --profile=10:20, not {text!r}")
    if int(start) >= int(stop):
        raise ValueError(f"--profile={text} ends before it begins: the first number must be the smaller one")
    return int(start), int(stop)


class Profile:
    """Traces a range of rounds with JAX's profiler, on the first process. A context: leaving it ends the trace.

    rounds: (start, stop) as from `parse_rounds`, steps of the whole run, rounded outward to whole dispatches; None for no
    trace. A run that resumes inside the range traces the rest of it; one that resumes behind it says so.
    directory: where the files go. steps: of the whole run. Raises ValueError for a range that begins behind them.
    """

    def __init__(self, rounds: tuple[int, int] | None, directory: Path, steps: int):
        if rounds and rounds[0] >= steps:
            raise ValueError(f"--profile={rounds[0]}:{rounds[1]} begins behind the run's last round, {steps}")
        self._rounds = rounds if is_first() else None
        self._directory = directory
        self._here: tempfile.TemporaryDirectory | None = None  # from where it is sent to a bucket
        self._traced: tuple[int, int] | None = None  # while a trace is taken: the steps that it holds so far

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self._end()

    def before(self, step: int, rounds: int, state: Any) -> None:
        """To be called before so many rounds are dispatched at `step`. state: what they will change."""
        if self._rounds is None or self._traced:
            return
        start, stop = self._rounds
        if step >= stop:
            print(f"--profile={start}:{stop}: the run is at round {step} already, so no trace is taken", flush=True)
            self._rounds = None
        elif step + rounds > start:
            jax.block_until_ready(state)  # else the trace would begin with the rounds before
            if isinstance(self._directory, RemotePath):
                self._here = tempfile.TemporaryDirectory(prefix="gan_jax-")
            jax.profiler.start_trace(self._here.name if self._here else self._directory)
            self._traced = step, step

    def after(self, step: int, state: Any) -> bool:
        """To be called when the rounds up to `step` are dispatched. -> whether this ended the trace, which takes a while."""
        if not self._traced:
            return False
        self._traced = self._traced[0], step
        if step < self._rounds[1]:
            return False
        jax.block_until_ready(state)
        self._end()
        return True

    def _end(self) -> None:
        if self._traced:
            (start, stop), self._traced, self._rounds = self._traced, None, None
            try:
                jax.profiler.stop_trace()
                if self._here:
                    self._send()
            except (OSError, RuntimeError) as error:  # a full disk, for one
                print(
                    f"the trace could not be written to {self._directory} ({error}): the run goes on", file=sys.stderr
                )
                return
            print(
                f"trace of rounds {start} to {stop}: {self._directory}; open its newest *.trace.json.gz at "
                f"https://ui.perfetto.dev, or pip install xprof; xprof --logdir={self._directory}",
                flush=True,
            )

    def _send(self) -> None:
        here = Path(self._here.name)
        for file in here.rglob("*"):
            if file.is_file():
                (self._directory / file.relative_to(here)).send(file)
        self._here.cleanup()

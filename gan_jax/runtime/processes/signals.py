"""A request to stop, from the keyboard or from a machine about to be taken away, as a flag the loop looks at."""

from __future__ import annotations

import signal
import threading
from typing import Self

import jax

from gan_jax.runtime.processes.processes import any_process


class StopRequested:
    """Within `with StopRequested() as stop:` SIGTERM and SIGINT set a flag instead of ending the process.

    A second SIGINT raises KeyboardInterrupt. The handlers from before come back at the end. Off the main thread, where
    Python takes no handlers, it does nothing but read False.
    every: with several processes, how many rounds lie between two exchanges of their flags.
    """

    def __init__(self, every: int = 10):
        if every < 1:
            raise ValueError(f"every={every}: the number of rounds between two exchanges is at least 1")
        self.requested = False
        self.name: str | None = None  # "SIGTERM" or "SIGINT"
        self._every = every
        self._agreed = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: set by another language
        self._before = {}

    def agreed(self, step: int) -> bool:
        """Whether to stop after this round; the same answer on all processes, so that they save the same step.

        One process: the flag. Several: all must call it every round; the flags are exchanged where `every` divides
        step, which waits for the slowest, and between exchanges the answer is the last one.
        """
        if step % self._every == 0 or jax.process_count() == 1:
            self._agreed = self._agreed or any_process(self.requested)
        return self._agreed

    def _handle(self, number: int, frame: object) -> None:
        name = signal.Signals(number).name
        if name == "SIGINT" and self.name == "SIGINT":
            raise KeyboardInterrupt
        self.requested, self.name = True, name

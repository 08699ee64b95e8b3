"""A request to stop, from the keyboard or from a machine about to be taken away, as a flag the loop looks at."""

from __future__ import annotations

import os
import signal
import threading
from typing import Self

import jax

from gan_jax.runtime.processes.processes import largest_of_all


class StopRequested:
    """Within `with StopRequested() as stop:` SIGTERM and SIGINT set a flag instead of ending the process.

    The first SIGINT is answered on stderr with what happens next, and a second one raises KeyboardInterrupt. The handlers
    from before come back at the end. Off the main thread, where Python takes no handlers, it does nothing but read False.
    every: with several processes, how many rounds lie between two exchanges of their flags.
    """

    def __init__(self, every: int = 10):
        if every < 1:
            raise ValueError(f"every={every}: the number of rounds between two exchanges is at least 1")
        self.received: signal.Signals | None = None  # by this process
        self._every = every
        self._agreed: signal.Signals | None = None
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

    @property
    def name(self) -> str | None:
        """The signal that all processes stop for, "SIGTERM" or "SIGINT", whichever of them received it; None for none."""
        return None if self._agreed is None else self._agreed.name

    def agreed(self, step: int) -> bool:
        """Whether to stop after this round; the same answer on all processes, so that they save the same step.

        One process: whether it received a signal. Several: all must call it every round; what they received is exchanged
        where `every` divides step, which waits for the slowest, and between exchanges the answer is the last one.
        """
        if self._agreed is None and (step % self._every == 0 or jax.process_count() == 1):
            number = largest_of_all(self.received or 0)
            self._agreed = signal.Signals(number) if number else None
        return self._agreed is not None

    def _handle(self, number: int, frame: object) -> None:
        if number == signal.SIGINT:
            if self.received == signal.SIGINT:
                raise KeyboardInterrupt
            # Not print: this may run in the middle of one.
            os.write(2, b"\nCtrl-C: the run stops after this round and saves; a second Ctrl-C stops it at once\n")
        self.received = signal.Signals(number)

"""What a person watching a run wants to know: how far, how fast, how long still, and where the time goes."""

from __future__ import annotations

import collections
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self, TextIO

from tqdm import tqdm

from gan_jax.runtime.processes.processes import is_first


class _Mark(NamedTuple):
    time: float  # seconds
    step: int
    images: int
    waited: float  # seconds for data, summed over the run
    blocked: float  # seconds for the device, summed over the run


_LEAST_BAR = 10  # columns


class Progress:
    """A bar on a terminal; elsewhere one plain line an interval, so that logs stay readable. Only process 0 shows it.

    It says at once that it waits for the first round, which may have to be compiled. On a terminal the bar keeps a width
    that can be read, the time left stands first behind it, and of the rest there is what fits.
    total: rounds of the whole run. start: rounds done before, by the run this one resumes.
    work: what of the run's work the first rounds are, by their number, in any unit, where rounds differ; None: all alike.
    interval: seconds between plain lines. window: seconds over which rates are taken. columns: of the terminal.
    """

    def __init__(
        self,
        total: int,
        start: int = 0,
        interval: float = 30.0,
        window: float = 30.0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] | None = None,
        work: Callable[[int], float] | None = None,
    ):
        self._total, self._step, self._metrics = total, start, {}
        self._interval, self._window, self._clock = interval, window, clock
        self._work = work or float
        self._stream = sys.stderr if stream is None else stream
        self._began = clock()
        self._newest = _Mark(self._began, start, 0, 0.0, 0.0)
        self._told: _Mark | None = self._newest  # up to where `time_shares` has told; None: from the next update on
        self._marks: collections.deque[_Mark] = collections.deque()
        self._shown_at, self._shown_step = -float("inf"), None
        self._shown = is_first()
        self._bar = None
        self._columns = columns or (lambda: _columns_of(self._stream))
        waiting = "waiting for the first round, which may take minutes to compile"
        if self._shown and self._stream.isatty():
            layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
            self._interval = 0.5
            place = {"ncols": self._columns(), "nrows": 24, "position": 0}  # not asked of a terminal that may not know
            self._bar = tqdm(total=total, initial=start, file=self._stream, bar_format=layout, **place)
            self._bar.set_postfix_str(waiting)
        elif self._shown:
            print(f"{self._head()} {waiting}", file=self._stream, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def update(
        self,
        step: int,
        images_shown: int,
        waited_seconds: float = 0.0,
        metrics: Mapping[str, Any] | None = None,
        blocked_seconds: float = 0.0,
    ) -> None:
        """To be called after each round, or every few.

        step: rounds done, of the whole run. images_shown: real images shown, of the whole run.
        waited_seconds: waited for data since the last call. blocked_seconds: for the device to finish, likewise.
        metrics: numbers to show; read only when they are shown.
        The first call opens the window, so the time before it, compilation, counts for no rate.
        """
        now = self._clock()
        self._step, self._metrics = step, metrics or self._metrics
        waited, blocked = self._newest.waited + waited_seconds, self._newest.blocked + blocked_seconds
        self._newest = _Mark(now, step, images_shown, waited, blocked)
        self._told = self._told or self._newest
        self._mark(self._newest)
        if self._shown and now - self._shown_at >= self._interval:
            self._show(now)

    def skip(self) -> None:
        """Forgets all that went by: the next update opens a new window. To be called where the loop does something else than
        play rounds (an evaluation), so that it counts for no rate and no share of the time."""
        self.begin_window()
        self._told = None

    def begin_window(self) -> None:
        """The next update opens a new window: rates before it were others', or a phase was compiled in between."""
        self._marks.clear()

    def rates(self) -> dict[str, float]:
        """{"seconds"} since the start, and once two rounds are known {"images_per_second", "seconds_per_kimg",
        "data_wait"} over the window; data_wait is the share, 0 to 1, of the time spent waiting for data."""
        rates = {"seconds": self._clock() - self._began}
        if len(self._marks) > 1:
            first, last = self._marks[0], self._marks[-1]
            elapsed, images = last.time - first.time, last.images - first.images
            if elapsed > 0 and images > 0:
                rates["images_per_second"] = images / elapsed
                rates["seconds_per_kimg"] = 1000 * elapsed / images
                rates["data_wait"] = min(1.0, (last.waited - first.waited) / elapsed)
        return rates

    def time_shares(self) -> dict[str, float]:
        """Where the wall time went, from what the last call told of (at first, the start) to the newest update.

        {"time/input", "time/host", "time/device"}, from 0 to 1, with the sum 1; empty where no time went by.
        input: the loop waited for the next batch. device: it waited for numbers that the device had yet to compute.
        host: all the rest, such as handing rounds to the device, writing lines and pictures, and compiling at the start.
        Handing over is asynchronous: the device computes through the host's part and the input's as well, so time/device
        is less than the share of time in which it is busy. Where it is far from 0 the device sets the pace; where it is
        near 0, the other two do. (CPUs run small programs within the call, which counts as host.)
        """
        before, self._told = self._told, self._newest
        return {} if before is None else _shares(before, self._newest)

    def seconds_left(self) -> float | None:
        """Seconds until the last round, at the window's speed of work; None while it is unknown."""
        if len(self._marks) < 2 or self._marks[-1].step <= self._marks[0].step:
            return None
        first, last = self._marks[0], self._marks[-1]
        done = self._work(last.step)
        return (self._work(self._total) - done) * (last.time - first.time) / (done - self._work(first.step))

    def line(self) -> str:
        """The state of the run in one plain line."""
        speed, times, left, metrics = self._parts()
        return f"{self._head()} {', '.join([*speed, *times, *left, *metrics])}".strip()

    def close(self) -> None:
        """Shows the last round if it is not shown yet, and ends the bar. Nothing is shown afterwards."""
        if self._shown and self._marks and self._shown_step != self._step:
            self._show(self._clock())
        if self._bar is not None:
            self._bar.close()
        self._shown = False

    def _mark(self, mark: _Mark) -> None:
        # Marks closer than 1/200 of the window replace each other, so that the deque stays short at any speed.
        if len(self._marks) > 2 and mark.time - self._marks[-2].time < self._window / 200:
            self._marks.pop()
        self._marks.append(mark)
        while len(self._marks) > 2 and self._marks[1].time < mark.time - self._window:
            self._marks.popleft()

    def _show(self, now: float) -> None:
        self._shown_at, self._shown_step = now, self._step
        if self._bar is None:
            print(self.line(), file=self._stream, flush=True)
            return
        self._bar.n, self._bar.ncols = self._step, self._columns()
        self._bar.set_postfix_str(self._fitting(), refresh=True)

    def _head(self) -> str:
        return f"round {self._step}/{self._total} ({100 * self._step / max(self._total, 1):.1f}%)"

    def _parts(self) -> tuple[list[str], list[str], list[str], list[str]]:
        """The speed, where the time goes, the time left, and the metrics, in words."""
        rates, left = self.rates(), self.seconds_left()
        speed, times = [], []
        if "images_per_second" in rates:
            speed = [f"{_number(rates['images_per_second'])} images/s", f"{_number(rates['seconds_per_kimg'])} s/kimg"]
            shares = _shares(self._marks[0], self._marks[-1])
            if self._newest.blocked:  # who calls this measures it
                times = ["time: " + ", ".join(f"{100 * share:.0f}% {name[5:]}" for name, share in shares.items())]
            else:
                times = [f"{100 * rates['data_wait']:.0f}% waiting for data"]
        remains = [] if left is None else [f"{tqdm.format_interval(round(left))} left"]
        return speed, times, remains, [f"{name} {_number(float(value))}" for name, value in self._metrics.items()]

    def _fitting(self) -> str:
        """What there is room for beside the bar, the time left first."""
        speed, times, left, metrics = self._parts()
        room = self._columns() - len(f"100%|| {self._total}/{self._total}") - _LEAST_BAR
        shown = []
        for part in (*left, *speed[:1], *metrics, *times, *speed[1:]):
            room -= len(", " + part)
            if room < 0:
                break
            shown.append(part)
        return ", ".join(shown)


def _columns_of(stream: TextIO) -> int:
    """The width of a terminal; 80 where it is not known."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _number(value: float) -> str:
    """19780.4 -> "19,780", 1.5617 -> "1.562", 0.05061 -> "0.05061": as a person writes it."""
    size = abs(value)
    if 1000 <= size < 1e12:
        return f"{value:,.0f}"
    if 0 < size < 1e-4:
        return f"{value:.1e}"
    return f"{value:.4g}"


def _shares(first: _Mark, last: _Mark) -> dict[str, float]:
    """Parts of the time between two marks; {} if there is none."""
    elapsed = last.time - first.time
    if elapsed <= 0:
        return {}
    waited = min(1.0, (last.waited - first.waited) / elapsed)
    device = min(1.0 - waited, (last.blocked - first.blocked) / elapsed)
    return {"time/input": waited, "time/host": 1.0 - waited - device, "time/device": device}

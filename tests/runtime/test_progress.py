import io
import os
import re

import pytest
from tqdm import tqdm

from gan_jax.runtime.progress import Progress, _number


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def play(progress, clock, rounds, first=1, seconds=0.1, waited=0.02, batch=64, blocked=0.0):
    for step in range(first, first + rounds):
        clock.now += seconds
        progress.update(step, step * batch, waited, {"d/loss": 1.5}, blocked)


def test_rates_leave_out_compilation(clock):
    progress = Progress(1000, stream=io.StringIO(), clock=clock)
    assert progress.rates() == {"seconds": 0.0} and progress.seconds_left() is None
    clock.now += 60  # the first round compiles
    progress.update(1, 64, waited_seconds=50)
    assert progress.rates() == {"seconds": 60.0}
    play(progress, clock, 100, first=2)
    rates = progress.rates()
    assert rates["seconds"] == pytest.approx(70)
    assert rates["images_per_second"] == pytest.approx(640)
    assert rates["seconds_per_kimg"] == pytest.approx(1 / 0.64)
    assert rates["data_wait"] == pytest.approx(0.2)
    assert progress.seconds_left() == pytest.approx((1000 - 101) * 0.1)


def test_rates_are_of_the_recent_window_and_skip_forgets(clock):
    progress = Progress(10_000, window=5, stream=io.StringIO(), clock=clock)
    play(progress, clock, 200)
    play(progress, clock, 200, first=201, seconds=0.05)
    assert progress.rates()["images_per_second"] == pytest.approx(1280, rel=0.02)
    progress.skip()
    assert set(progress.rates()) == {"seconds"}
    clock.now += 500  # an evaluation
    play(progress, clock, 2, first=401)
    assert progress.rates()["images_per_second"] == pytest.approx(640)


def test_memory_is_bounded_at_any_speed(clock):
    progress = Progress(10**9, window=10, stream=io.StringIO(), clock=clock)
    play(progress, clock, 20_000, seconds=0.001, waited=0.0)
    assert len(progress._marks) < 500
    assert progress.rates()["images_per_second"] == pytest.approx(64_000, rel=0.01)


def test_time_shares_are_of_the_time_since_they_were_last_told(clock):
    progress = Progress(1000, stream=io.StringIO(), clock=clock)
    assert progress.time_shares() == {}
    clock.now += 8  # the first round compiles
    progress.update(1, 64, waited_seconds=1, blocked_seconds=1)
    assert progress.time_shares() == pytest.approx({"time/input": 0.125, "time/host": 0.75, "time/device": 0.125})
    assert progress.time_shares() == {}  # no time went by
    play(progress, clock, 10, first=2, waited=0.02, blocked=0.05)
    clock.now += 5  # after the update: it belongs to the next
    assert progress.time_shares() == pytest.approx({"time/input": 0.2, "time/host": 0.3, "time/device": 0.5})
    play(progress, clock, 1, first=12, seconds=0, waited=0, blocked=0)
    assert progress.time_shares() == pytest.approx({"time/input": 0, "time/host": 1, "time/device": 0})


def test_time_shares_leave_out_what_is_skipped_and_stay_within_one(clock):
    progress = Progress(1000, stream=io.StringIO(), clock=clock)
    play(progress, clock, 2)
    progress.skip()
    clock.now += 500  # an evaluation
    play(progress, clock, 1, first=3)
    assert progress.time_shares() == {}  # its end is where the next begins
    play(progress, clock, 2, first=4, waited=0.08, blocked=0.04)  # clocks that disagree a little
    assert progress.time_shares() == pytest.approx({"time/input": 0.8, "time/host": 0, "time/device": 0.2})


def test_the_line_says_where_the_time_goes_if_it_is_measured(clock):
    progress = Progress(1000, stream=io.StringIO(), clock=clock)
    play(progress, clock, 100, blocked=0.05)
    assert "s/kimg, time: 20% input, 30% host, 50% device, 01:30 left" in progress.line()


def test_a_log_gets_one_plain_line_an_interval(clock):
    stream = io.StringIO()
    with Progress(1000, interval=10, stream=stream, clock=clock) as progress:
        play(progress, clock, 350)
        assert progress.line() == (
            "round 350/1000 (35.0%) 640 images/s, 1.562 s/kimg, 20% waiting for data, 01:05 left, d/loss 1.5"
        )
    text = stream.getvalue()
    assert "\r" not in text and "\x1b" not in text
    rounds = [int(line.split()[1].split("/")[0]) for line in text.splitlines()]
    assert rounds[:2] == [0, 1] and len(rounds) == 6 and rounds[-1] == 350  # at 0, 10, 20 and 30 s, and the end
    assert text.splitlines()[0] == "round 0/1000 (0.0%) waiting for the first round, which may take minutes to compile"


def test_a_terminal_gets_a_bar(clock):
    stream = Terminal()
    with Progress(1000, start=100, stream=stream, clock=clock) as progress:
        play(progress, clock, 50, first=101)
    text = stream.getvalue()
    assert "150/1000" in text and "images/s" in text and "d/loss 1.5" in text
    assert text.count("\n") == 1  # one bar, redrawn in place


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_at_any_width_the_bar_can_be_read_and_the_time_left_is_there(clock, columns):
    stream = Terminal()
    losses = {"d/adversarial": 1.23456, "g/adversarial": -12345.6}
    with Progress(100_000, stream=stream, clock=clock, columns=lambda: columns) as progress:
        assert "waiting for the first round" in stream.getvalue()
        for step in range(1, 100):
            clock.now += 0.00324
            progress.update(step, step * 64, 0.001, losses, 0.001)
        clock.now += 1
        progress.update(1000, 64_000, 0.001, losses, 0.001)
    shown = stream.getvalue().rstrip("\n").split("\r")[-1].rstrip()
    assert len(shown) <= columns
    assert shown.count("|") == 2 and len(shown.split("|")[1]) >= 10
    assert re.match(r" 1000/100000, \d\d:\d\d left, \d\d,\d\d\d images/s", shown.split("|")[2])
    assert ("s/kimg" in shown) == (columns == 200) and "e+" not in shown


@pytest.mark.parametrize(
    ("value", "written"),
    [(19780.4, "19,780"), (774.43, "774.4"), (1.5617, "1.562"), (0.05061, "0.05061"), (0, "0"), (-12345.6, "-12,346")],
)
def test_numbers_are_written_as_a_person_does(value, written):
    assert _number(value) == written


def test_metrics_are_read_only_when_shown(clock):
    reads = []

    class Expensive:
        def __float__(self):
            reads.append(clock.now)
            return 1.0

    with Progress(1000, interval=10, stream=io.StringIO(), clock=clock) as progress:
        for step in range(1, 101):
            clock.now += 0.1
            progress.update(step, step, metrics={"loss": Expensive()})
    assert len(reads) == 2


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="has terminals of its own")
def test_a_terminal_that_does_not_know_its_size_shows_the_bar(clock):
    others = [tqdm(total=1, file=io.StringIO()) for _ in range(30)]  # bars of others that were never closed
    ours, theirs = os.openpty()  # 0 x 0
    with os.fdopen(theirs, "w") as terminal, Progress(20, stream=terminal, clock=clock) as progress:
        play(progress, clock, 20)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    for other in others:
        other.close()
    assert "waiting for the first round" in shown and "20/20" in shown


def test_the_time_left_counts_the_work_of_the_rounds_to_come(clock):
    work = lambda step: min(step, 10) + 4 * max(step - 10, 0)  # from round 10 on each takes four times as long
    progress = Progress(20, stream=io.StringIO(), clock=clock, work=work)
    play(progress, clock, 5, seconds=1.0)
    assert progress.seconds_left() == pytest.approx(5 + 40)
    play(progress, clock, 5, first=6, seconds=1.0)
    play(progress, clock, 5, first=11, seconds=4.0)
    assert progress.seconds_left() == pytest.approx(20)


def test_a_new_window_forgets_rates_and_no_share_of_the_time(clock):
    progress = Progress(100, stream=io.StringIO(), clock=clock)
    play(progress, clock, 10)
    progress.time_shares()
    clock.now += 500  # another phase compiles
    progress.begin_window()
    play(progress, clock, 3, first=11)
    assert progress.rates()["images_per_second"] == pytest.approx(640)
    assert progress.time_shares()["time/host"] > 0.99

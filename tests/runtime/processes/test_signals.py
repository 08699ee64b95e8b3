import os
import signal
import threading

import pytest

from gan_jax.runtime.processes import signals
from gan_jax.runtime.processes.signals import StopRequested


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_becomes_a_flag_and_the_handlers_come_back(number):
    before = signal.getsignal(number)
    with StopRequested() as stop:
        assert stop.received is None and stop.name is None and not stop.agreed(1)
        os.kill(os.getpid(), number)
        assert stop.received == number
        assert stop.agreed(3) and stop.name == number.name  # one process: at once, at any step
    assert signal.getsignal(number) is before


def test_the_first_interrupt_says_what_follows_and_the_second_does_interrupt(capfd):
    before = signal.getsignal(signal.SIGINT)  # a shell's background job ignores it
    with StopRequested() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)  # the first interrupt
        assert stop.received == signal.SIGINT
        assert "Ctrl-C: the run stops after this round and saves; a second Ctrl-C" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_to_another_process_stops_this_one_under_its_name(monkeypatch):
    """Of two processes, this one received none."""
    monkeypatch.setattr(signals.jax, "process_count", lambda: 2)
    monkeypatch.setattr(signals, "largest_of_all", lambda own: max(own, signal.SIGTERM))
    with StopRequested(every=3) as stop:
        assert [stop.agreed(step) for step in (1, 2, 3, 4)] == [False, False, True, True]
        assert stop.received is None and stop.name == "SIGTERM"


def test_off_the_main_thread_it_does_nothing():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work():
        with StopRequested() as stop:
            seen.append((stop.received, stop.agreed(10), signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, False, before)]


def test_the_interval_is_at_least_one():
    with pytest.raises(ValueError, match="every=0"):
        StopRequested(every=0)

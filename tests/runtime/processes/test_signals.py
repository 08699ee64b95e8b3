import os
import signal
import threading

import pytest

from gan_jax.runtime.processes.signals import StopRequested


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_becomes_a_flag_and_the_handlers_come_back(number):
    before = signal.getsignal(number)
    with StopRequested() as stop:
        assert not stop.requested and stop.name is None and not stop.agreed(1)
        os.kill(os.getpid(), number)
        assert stop.requested and stop.name == number.name
        assert stop.agreed(3)  # one process: at once, at any step
    assert signal.getsignal(number) is before


def test_a_second_interrupt_does_interrupt():
    before = signal.getsignal(signal.SIGINT)  # a shell's background job ignores it
    with StopRequested() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)  # the first interrupt
        assert stop.name == "SIGINT"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_off_the_main_thread_it_does_nothing():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work():
        with StopRequested() as stop:
            seen.append((stop.requested, stop.agreed(10), signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, False, before)]


def test_the_interval_is_at_least_one():
    with pytest.raises(ValueError, match="every=0"):
        StopRequested(every=0)

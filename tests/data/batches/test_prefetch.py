import threading
import time

import pytest

from gan_jax.data import Prefetch


def test_order_and_end():
    with Prefetch(iter(range(20)), lambda batch: batch * 10, depth=3) as batches:
        assert list(batches) == [batch * 10 for batch in range(20)]
        with pytest.raises(StopIteration):
            next(batches)


def test_no_more_than_depth_batches_wait():
    made = []
    with Prefetch(iter(range(100)), lambda batch: made.append(batch) or batch, depth=2) as batches:
        next(batches)
        time.sleep(0.3)
        assert len(made) == 4  # one taken, two ready, one in the thread's hands


def test_put_runs_on_the_thread():
    with Prefetch(iter(range(3)), lambda batch: threading.current_thread().name) as batches:
        assert next(batches) == "prefetch"


def test_exceptions_reach_the_consumer_after_the_batches_before_them():
    def failing():
        yield 1
        raise OSError("the disk is gone")

    with Prefetch(failing(), lambda batch: batch) as batches:
        assert next(batches) == 1
        for _ in range(2):
            with pytest.raises(OSError, match="the disk is gone"):
                next(batches)


def test_close_joins_the_thread_and_closes_the_iterator():
    class Endless:
        closed = False

        def __iter__(self):
            return self

        def __next__(self):
            return 0

        def close(self):
            self.closed = True

    endless = Endless()
    batches = Prefetch(endless, lambda batch: batch)
    next(batches)
    batches.close()
    batches.close()
    assert endless.closed and not any(thread.name == "prefetch" for thread in threading.enumerate())
    with pytest.raises(ValueError, match="closed"):
        next(batches)


def test_waiting_is_measured():
    def slow():
        for batch in range(3):
            time.sleep(0.1)
            yield batch

    with Prefetch(slow(), lambda batch: batch) as batches:
        list(batches)
        assert 0.2 < batches.waited < 2
    with Prefetch(iter(range(3)), lambda batch: batch) as batches:
        time.sleep(0.2)
        next(batches)
        assert batches.waited < 0.1


def test_depth_must_be_positive():
    with pytest.raises(ValueError, match="depth"):
        Prefetch(iter(()), lambda batch: batch, depth=0)

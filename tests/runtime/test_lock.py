"""One run at a time in a folder, and no dead one for ever."""

import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan_jax.runtime import lock as module
from gan_jax.runtime.lock import NAME, FolderInUse, FolderLock, holder, token_in

QUICK = {"beat_seconds": 0.05, "patience_seconds": 0.6}
HOLD = """
import sys, time
from pathlib import Path
from gan_jax.runtime.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def entry(path):
    return json.loads((path / NAME).read_text())


def leave(path, **changes):
    """The file of an owner that is gone, or is somewhere else."""
    made = {**module._entry("another"), **changes}
    (path / NAME).write_text(json.dumps(made))
    return made


def test_it_is_held_until_it_is_released(tmp_path):
    lock = FolderLock(tmp_path, **QUICK)
    assert holder(tmp_path) == f"process {os.getpid()} on host {socket.gethostname()}"
    assert token_in(tmp_path) == lock.token
    with pytest.raises(FolderInUse, match=r"is open in this process: close it first \(run.close\(\)"):
        FolderLock(tmp_path, **QUICK)
    lock.check()
    lock.release()
    lock.release()
    assert holder(tmp_path) is None and not list(tmp_path.iterdir())
    FolderLock(tmp_path, **QUICK).release()


def test_one_that_nobody_has_any_more_is_released(tmp_path):
    lock = FolderLock(tmp_path, **QUICK)
    del lock
    gc.collect()
    assert not (tmp_path / NAME).exists()


def test_another_process_is_named_and_its_death_is_seen_at_once(tmp_path, environment):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], env=environment(), stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout.readline() == "held\n"
            told = rf"process {other.pid} on host {socket.gethostname()} plays a run in {tmp_path} since "
            with pytest.raises(FolderInUse, match=told + r"(?s:.*)it saves on SIGTERM(?s:.*)remove .*lock.json"):
                FolderLock(tmp_path)
        finally:
            other.kill()
    began = time.monotonic()
    FolderLock(tmp_path).release()
    assert time.monotonic() - began < 5


def test_another_process_of_the_same_number_is_not_the_owner(tmp_path):
    leave(tmp_path, started="1")  # this process's number, given anew since
    FolderLock(tmp_path).release()


def test_an_owner_on_another_host_is_alive_while_it_gives_signs_of_life(tmp_path, capsys):
    leave(tmp_path, host="far", place="far 1", process=7)
    ended = threading.Event()

    def beat():
        for number in range(1000):
            if ended.wait(0.05):
                return
            leave(tmp_path, host="far", place="far 1", process=7, beat=number)

    alive = threading.Thread(target=beat)
    alive.start()
    with pytest.raises(FolderInUse, match="process 7 on host far plays a run"):
        FolderLock(tmp_path, **QUICK)
    ended.set()
    alive.join()
    began = time.monotonic()
    lock = FolderLock(tmp_path, **QUICK)
    assert 0.5 < time.monotonic() - began < 10
    assert "process 7 on host far may still play in" in capsys.readouterr().err
    lock.release()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_file_without_words_holds_nobody_up_for_ever(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    FolderLock(tmp_path, **QUICK).release()


def test_who_was_taken_over_is_told(tmp_path):
    lock = FolderLock(tmp_path, **QUICK)
    leave(tmp_path, host="far", process=9)
    deadline = time.monotonic() + 10
    with pytest.raises(FolderInUse, match="process 9 on host far has taken over"):
        while time.monotonic() < deadline:
            lock.check()
            time.sleep(0.02)
    lock.release()
    assert entry(tmp_path)["process"] == 9  # it is not this one's to remove


def test_a_file_that_was_removed_by_hand_comes_back(tmp_path):
    lock = FolderLock(tmp_path, **QUICK)
    (tmp_path / NAME).unlink()
    deadline = time.monotonic() + 10
    while token_in(tmp_path) != lock.token and time.monotonic() < deadline:
        time.sleep(0.02)
    assert token_in(tmp_path) == lock.token
    lock.release()


@pytest.mark.parametrize("dead", [False, True], ids=["new", "after a dead one"])
def test_of_many_that_start_at_once_one_has_it(tmp_path, dead):
    if dead:
        leave(tmp_path, process=2**22 + 1)
    together = threading.Barrier(8)

    def start(_):
        together.wait()
        try:
            return FolderLock(tmp_path)
        except FolderInUse:
            return None

    with ThreadPoolExecutor(8) as pool:
        locks = [lock for lock in pool.map(start, range(8)) if lock is not None]
    assert len(locks) == 1 and token_in(tmp_path) == locks[0].token
    locks[0].release()

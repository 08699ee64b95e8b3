"""Calls in a process of their own: they return, raise, die, and end with the caller."""

import operator
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_jax.planning.own_process import call_in_own_process


def test_a_compiler_that_dies_is_an_error():
    assert call_in_own_process("v9:2x2", operator.add, 1, 2) == 3
    with pytest.raises(RuntimeError, match="v9:2x2: the compiler crashed"):
        call_in_own_process("v9:2x2", os.abort)
    with pytest.raises(ValueError, match="invalid literal"):
        call_in_own_process("v9:2x2", int, "x")


def _frightening(then):
    os.write(2, b"E0000 something that means nothing\n")
    if then == "die":
        os.abort()
    return len(then)


def test_what_a_compiler_says_is_shown_only_where_it_fails(capfd):
    assert call_in_own_process("v9:2x2", _frightening, "end well") == 8
    assert capfd.readouterr().err == ""
    with pytest.raises(RuntimeError, match="its last words are above"):
        call_in_own_process("v9:2x2", _frightening, "die")
    assert "E0000 something that means nothing\n" in capfd.readouterr().err
    with pytest.raises(TypeError):
        call_in_own_process("v9:2x2", _frightening, 3)
    assert "E0000 something" in capfd.readouterr().err


def test_a_call_ends_with_the_process_that_waits_for_it(tmp_path):
    program = (
        "import pathlib, sys\nfrom gan_jax.planning.own_process import call_in_own_process\n"
        "if __name__ == '__main__': call_in_own_process('', exec, f'import os, pathlib, time; "
        "pathlib.Path({sys.argv[1]!r}).write_text(str(os.getpid())); time.sleep(100)')"
    )
    (tmp_path / "program.py").write_text(program)
    waiting = subprocess.Popen([sys.executable, tmp_path / "program.py", tmp_path / "pid"])
    deadline = time.monotonic() + 60
    while not ((tmp_path / "pid").exists() and (called := (tmp_path / "pid").read_text())):
        assert waiting.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    waiting.kill()
    waiting.wait()
    while _runs(int(called)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # one that ended and that nobody asked after runs no more
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")

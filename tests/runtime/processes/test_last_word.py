import subprocess
import sys

import pytest

from gan_jax.runtime.processes.last_word import leave_last_word

PROGRAM = """
import os, signal, sys
from gan_jax.runtime.processes.last_word import leave_last_word
call_off = leave_last_word("it's \\"over\\": 100% of $HOME")
{end}
"""


@pytest.fixture
def run_fails(environment):
    """A function: (program) -> what a program that ends badly wrote to stderr, and whatever it left behind there."""

    def run(program):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        return done.stderr

    return run


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(1)", "sys.exit(1)"])
def test_it_is_said_however_the_process_ends(end, run_fails):
    assert run_fails(PROGRAM.format(end=end)).strip().endswith('it\'s "over": 100% of $HOME')


def test_it_is_not_said_where_it_was_called_off(run_fails):
    assert run_fails(PROGRAM.format(end="call_off(); call_off(); sys.exit('my own words')")) == "my own words\n"


def test_without_a_shell_nothing_is_said(monkeypatch):
    def missing(*args, **kwargs):
        raise FileNotFoundError("/bin/sh")

    monkeypatch.setattr("subprocess.Popen", missing)
    leave_last_word("never")()

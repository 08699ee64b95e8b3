"""A sentence for the end of a process that ends before it should, even where XLA ends it and nothing can be caught."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable


def leave_last_word(text: str) -> Callable[[], None]:
    """From now on `text` is printed to stderr when this process is gone, however it ends. -> a function to call it off.

    A shell waits at the other end of a pipe; without one (/bin/sh) nothing is printed.
    """
    script = 'read -r word || printf "%s\\n" "$0" >&2'  # read fails where the pipe closes without a word
    try:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", script, text],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # signals to this process's group are not for it
        )
    except OSError:
        return lambda: None

    def call_off() -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired, ValueError):
            shell.communicate(b"all is well\n", timeout=5)

    return call_off

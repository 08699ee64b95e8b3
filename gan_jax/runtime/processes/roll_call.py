"""A roll call before JAX joins the processes of a run: XLA does not say who is missing, and ends those who came."""

from __future__ import annotations

import contextlib
import socket
import time

_HELLO, _GO = "gan_jax", "go"


def call_roll(
    coordinator: str, processes: int, process: int, timeout_seconds: float, listen_at: str | None = None
) -> None:
    """Returns on all processes once all have come to process 0, whose port is then free again for JAX.

    coordinator: "host:port" of process 0. listen_at: "address:port" that process 0 listens at, by default all its
        addresses. processes, process: how many there are, which this is, from 0.
    Raises RuntimeError: after the timeout, on all that came, with the numbers of those that did not; where two have one
    number or count differently; where the port is taken.
    """
    deadline = time.monotonic() + timeout_seconds
    if process == 0:
        _receive(listen_at or coordinator, listen_at is not None, processes, timeout_seconds, deadline)
    else:
        _report(coordinator, processes, process, timeout_seconds, deadline)


def _receive(address: str, only_there: bool, processes: int, seconds: float, deadline: float) -> None:
    """Process 0's part: hears who comes, and answers all at once."""
    came = {0: _name()}
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(_listen(address, only_there))
        waiting: dict[int, socket.socket] = {}
        while len(came) < processes and (left := deadline - time.monotonic()) > 0:
            server.settimeout(left)
            with contextlib.suppress(OSError, ValueError):  # too late, gone again, or not one of ours
                caller = opened.enter_context(server.accept()[0])
                caller.settimeout(5)
                hello, number, count, name = _line(caller).split(" ", 3)
                number, count = int(number), int(count)
                if hello != _HELLO or not 0 < number < max(count, processes):
                    continue
                if number in waiting and _is_closed(waiting[number]):  # it was started a second time
                    del waiting[number], came[number]
                if count != processes:
                    _say(caller, f"process 0 was told of {processes} processes and this one, {number}, of {count}")
                elif number in came:
                    _say(
                        caller,
                        f"process {number} has come already, on {came[number]}: every process needs its own number",
                    )
                else:
                    came[number], waiting[number] = name, caller
        missing = [number for number in range(processes) if number not in came]
        there = ", ".join(f"{number} on {came[number]}" for number in sorted(came)[:16])
        answer = (
            f"{_processes(missing)} of {processes} did not come within {seconds:g} s; {len(came)} came "
            f"({there}{', ...' if len(came) > 16 else ''})"
        )
        for caller in waiting.values():
            with contextlib.suppress(OSError):
                _say(caller, answer if missing else _GO)
    if missing:
        raise RuntimeError(answer)


def _report(coordinator: str, processes: int, process: int, seconds: float, deadline: float) -> None:
    """Any other process's part: comes, and waits for the answer."""
    host, port = _parts(coordinator)
    problem: OSError | str = "it was never asked"
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection((host, port), timeout=min(left, 5)) as caller:
                _say(caller, f"{_HELLO} {process} {processes} {_name()}")
                caller.settimeout(left + 2)
                if (answer := _line(caller)) == _GO:
                    return
                if answer:
                    raise RuntimeError(answer)
                problem = "it hung up"
        except OSError as error:
            problem = error
        time.sleep(min(0.3, max(deadline - time.monotonic(), 0)))
    raise RuntimeError(f"process 0 gave no answer at {coordinator} within {seconds:g} s ({problem})")


def _listen(address: str, only_there: bool) -> socket.socket:
    host, port = _parts(address)
    try:
        if only_there and host not in ("", "::", "0.0.0.0"):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family, backlog=512)
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
        return socket.create_server(("", port), backlog=512)
    except OSError as error:
        raise RuntimeError(
            f"process 0 cannot listen at {address} ({error}): another program, or an earlier start of this run, has "
            "the port; end it, or choose another port for all"
        ) from error


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise RuntimeError(f"the coordinator's address is {address!r}; it must be host:port")
    return host.strip("[]"), int(port)


def _line(caller: socket.socket) -> str:
    with caller.makefile("r", encoding="utf-8") as lines:
        return lines.readline(4096).rstrip("\n")


def _say(caller: socket.socket, line: str) -> None:
    caller.sendall(f"{line}\n".encode())


def _is_closed(caller: socket.socket) -> bool:
    caller.setblocking(False)
    try:
        return caller.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _name() -> str:
    return socket.gethostname() or "a host without a name"


def _processes(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:16])) + (", ..." if len(numbers) > 16 else "")
    return f"process{'es' if len(numbers) > 1 else ''} {listed}"

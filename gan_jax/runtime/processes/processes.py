"""Several processes as one: starting them together, gathering arrays, agreeing on a yes or no.

Everything here but `initialize_distributed` and `ending_together` is collective where there are several processes: all of
them must call it, in the same order.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from orbax.checkpoint import multihost

from gan_jax.runtime.processes.last_word import leave_last_word
from gan_jax.runtime.processes.roll_call import call_roll

PyTree = Any
# Errors of collectives and of the coordination service, whose types differ from call to call.
_OF_ANOTHER = re.compile(r"Gloo|NCCL|[Cc]oordination ?[Ss]ervice|[Hh]eartbeat|Connection (closed|reset)")
_another_ended = threading.Event()


def is_first() -> bool:
    """Whether this is process 0, which alone writes files and speaks."""
    return jax.process_index() == 0


def say(text: str, stream: Any = None) -> None:
    """A line for people, from process 0 alone. stream: by default stdout."""
    if is_first():
        print(text, file=stream or sys.stdout, flush=True)


def warn(text: str) -> None:
    """A line on stderr, from process 0 alone."""
    say(text, sys.stderr)


def initialize_distributed(
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    distributed: bool | None = None,
    timeout_seconds: float = 300,
    heartbeat_seconds: int = 30,
    environment: Mapping[str, str] = os.environ,
) -> bool:
    """Joins the other processes of this run; call it before anything that touches a device. -> whether it joined.

    coordinator, processes, process: "host:port" of process 0, how many there are, which this is; what is None comes
        from JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID, or from the cluster.
    distributed: True: join even where nothing in the environment says so (a TPU VM slice, whose metadata server JAX
        asks). False: never. None: join if an argument or a variable above is set, under Slurm with several tasks, or
        where TPU_WORKER_HOSTNAMES names several hosts.
    timeout_seconds: how long to wait for the others.
    heartbeat_seconds: a process that is not heard of for so long counts as dead, and XLA ends all others.
    A run of one process is left alone, a second call does nothing. Raises RuntimeError where the settings are wrong, and
    where others do not come: by number, if all three settings above are known. If JAX has to ask the cluster for them,
    XLA ends the process when the time is up; stderr says what to do just before.
    From then on, a process that ends before its work is done says on stderr what to do, whoever ended it.
    """
    coordinator = coordinator or environment.get("JAX_COORDINATOR_ADDRESS")
    processes = _integer(environment, "JAX_NUM_PROCESSES") if processes is None else processes
    process = _integer(environment, "JAX_PROCESS_ID") if process is None else process
    if distributed is None:
        named = coordinator is not None or process is not None or processes is not None
        distributed = named or _in_cluster(environment)
    if not distributed or processes == 1 or jax.distributed.is_initialized():
        return jax.distributed.is_initialized()
    if processes is not None and process is not None and not 0 <= process < processes:
        raise RuntimeError(f"this is process {process} of {processes}: numbers run from 0 to {processes - 1}")
    advice = (
        f"could not join the other processes within {timeout_seconds} s: coordinator {coordinator or 'unknown'}, "
        f"this is process {'unknown' if process is None else process} of "
        f"{'an unknown number' if processes is None else processes}. Start every process with the same "
        "JAX_COORDINATOR_ADDRESS=host:port (a free port of process 0's machine that the others can reach), the same "
        "JAX_NUM_PROCESSES and its own JAX_PROCESS_ID, at about the same time."
    )
    if coordinator is not None and processes is not None and process is not None:
        try:
            call_roll(coordinator, processes, process, timeout_seconds, environment.get("JAX_COORDINATOR_BIND_ADDRESS"))
        except RuntimeError as error:
            raise RuntimeError(f"{error}.\n{advice}") from None
    # When the time is up XLA aborts the process and nothing can be caught, so the advice is given just before.
    last_word = threading.Timer(0.9 * timeout_seconds, lambda: print(advice, file=sys.stderr, flush=True))
    last_word.daemon = True
    last_word.start()
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process,
            initialization_timeout=math.ceil(timeout_seconds),
            heartbeat_timeout_seconds=heartbeat_seconds,
        )
    except Exception as error:
        raise RuntimeError(f"{advice}\nJAX says: {error}") from error
    finally:
        last_word.cancel()
    if jax.distributed.is_initialized():
        _explain_a_sudden_end(process, processes, heartbeat_seconds)
    return True


@contextlib.contextmanager
def ending_together(patience_seconds: float = 10) -> Iterator[None]:
    """Around all work of a run: where there are several processes, one that fails does not keep the others waiting.

    If the others fail too within this time, all end in order. If not, this process leaves with status 1 at once, which
    the others notice as they notice a death. A run of one process is left alone.
    An error that speaks of lost connections is followed by what to do.
    """
    try:
        yield
    except BaseException as error:
        if jax.distributed.is_initialized():
            if _OF_ANOTHER.search(str(error)):
                _another_ended.set()
            leave = threading.Timer(patience_seconds, lambda: os._exit(1))  # JAX would wait for the others for minutes
            leave.daemon = True
            leave.start()
        raise


def fetch(tree: PyTree) -> PyTree:
    """Arrays, wherever their shards are -> whole numpy arrays of their own memory, on every process.

    Typed keys come as their key data, [..., 2] uint32 for threefry. Leaves that are not arrays become numpy arrays.
    """
    leaves = jax.tree.map(_without_key_type, tree)
    for leaf in jax.tree.leaves(leaves):  # start all copies before waiting for the first
        if isinstance(leaf, jax.Array) and (leaf.is_fully_addressable or leaf.is_fully_replicated):
            leaf.copy_to_host_async()
    return jax.tree.map(_whole, leaves)


def any_process(flag: bool) -> bool:
    """Whether the flag is up on any process; waits for all of them where there are several."""
    return bool(flag) if jax.process_count() == 1 else bool(multihost_utils.process_allgather(np.array(flag)).any())


def largest_of_all(number: int) -> int:
    """The largest of the processes' numbers, each in the range of int32, on every process."""
    return int(number if jax.process_count() == 1 else multihost_utils.process_allgather(np.int32(number)).max())


def wait_for_all(where: str, timeout_seconds: float = 1800) -> None:
    """Returns once all processes are here. Without their devices, so that none waits for another's in a program."""
    multihost.get_barrier_sync_fn()(key=where, timeout_ms=math.ceil(1000 * timeout_seconds))


def from_first_process(number: int) -> int:
    """Process 0's number, on every process. In the range of int32."""
    return int(number if jax.process_count() == 1 else multihost_utils.broadcast_one_to_all(np.int32(number)))


def _explain_a_sudden_end(process: int | None, processes: int | None, heartbeat_seconds: int) -> None:
    which = "this process" if process is None or processes is None else f"process {process} of {processes}"
    call_off = leave_last_word(
        f"{which} ended before its work was done. A run goes on only with all of its processes: if another one ended "
        f"first, or was not heard of for {heartbeat_seconds} s, this one was ended for that, and the other's log says "
        "why. Run the same command again on all hosts: it resumes from the newest checkpoint."
    )

    def part() -> None:
        jax.distributed.shutdown()  # waits for the others; where one of them is gone XLA ends this process here
        if not _another_ended.is_set():
            call_off()

    atexit.register(part)


def _without_key_type(leaf: Any) -> Any:
    typed = isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if typed else leaf


def _whole(leaf: Any) -> np.ndarray:
    if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
        return np.asarray(multihost_utils.process_allgather(leaf, tiled=True))
    return np.array(leaf)  # a copy: on CPU np.asarray would be a view of a buffer that may be donated


def _integer(environment: Mapping[str, str], name: str) -> int | None:
    value = environment.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise RuntimeError(f"{name} is {value!r}; it must be a whole number") from None


def _in_cluster(environment: Mapping[str, str]) -> bool:
    in_slurm_step = "SLURM_STEP_NODELIST" in environment and "SLURM_PROCID" in environment
    tasks = _integer(environment, "SLURM_STEP_NUM_TASKS") or _integer(environment, "SLURM_NTASKS") or 1
    return (in_slurm_step and tasks > 1) or "," in environment.get("TPU_WORKER_HOSTNAMES", "")

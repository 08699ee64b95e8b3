"""A run so small that it compiles and plays in seconds, in this process and in others."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gan_jax.setup.config_files import load_config

ROOT = Path(__file__).resolve().parents[2]
# Norms with statistics, a head, an average and two discriminator updates: all that a state can hold.
TINY = {
    "steps": 12,
    "batch_size": 8,
    "data.source": "digits",
    "data.shape": (8, 8, 1),
    "generator.widths": (8, 8),
    "generator.norm": "self_modulated",
    "discriminator.widths": (8, 8),
    "discriminator.halvings": 1,
    "latents.dim": 4,
    "d_steps": 2,
    "optim.generator.learning_rate.decay_steps": 1000,  # so that a run may be stopped by its number of steps
    "optim.discriminator.learning_rate.decay_steps": 1000,
    "ema.decay": 0.9,
    "log.every": 1,
    "log.samples_every": 6,
    "log.num_samples": 4,
    "checkpoint.every": 3,
}


@pytest.fixture(scope="session")
def tiny():
    """A function: changes -> the config of a tiny SS-GAN run on digits."""

    def config(**changes):
        made = load_config("configs/ssgan_digits.py")
        with made.unlocked():
            for path, value in {**TINY, **{key.replace("__", "."): value for key, value in changes.items()}}.items():
                *blocks, key = path.split(".")
                block = made
                for name in blocks:
                    block = block[name]
                block[key] = value
        return made

    return config


@pytest.fixture(scope="session")
def cache():
    """Compiled programs, shared by all processes of the tests."""
    return os.environ["JAX_COMPILATION_CACHE_DIR"]


@pytest.fixture
def command(cache):
    """A function: (workdir, *flags) -> the argument list of the tiny run as a command."""
    changes = [f"--config.{path}={value}" for path, value in TINY.items()]

    def arguments(workdir, *flags, config="configs/ssgan_digits.py"):
        program = [sys.executable, "-m", "gan_jax.main", f"--config={config}", f"--workdir={workdir}"]
        return [*program, f"--compilation_cache={cache}", *changes, *flags]

    return arguments


@pytest.fixture
def environment():
    """A function: (devices) -> variables for a process of its own."""

    def of(devices=1, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "SLURM_", "TPU_"))}
        # Rounds are few: what is left out takes longer to compile than it would save.
        flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
        more = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3", **more}
        return {**kept, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "PYTHONPATH": str(ROOT), **more}

    return of


@pytest.fixture
def start(environment):
    """A function: (arguments, count, **variables) -> processes that make one run, running; none outlives the test."""
    running = []

    def play(arguments, count=2, **variables):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            address = f"localhost:{free.getsockname()[1]}"
        settings = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": str(count), **variables}
        started = [
            subprocess.Popen(
                arguments,
                env=environment(1, **settings, JAX_PROCESS_ID=str(i)),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for i in range(count)
        ]
        running.extend(started)
        return started

    yield play
    for process in running:
        if process.returncode is None:
            process.kill()
            process.communicate()


@pytest.fixture
def together(start):
    """A function: (arguments, count, **variables) -> what each of the processes that make one run printed."""

    def play(arguments, count=2, **variables):
        started = start(arguments, count, **variables)
        with ThreadPoolExecutor(count) as pool:  # all pipes must be read at once
            outputs = list(pool.map(lambda process: _finished(process, started), started))
        for process, (_, errors) in zip(started, outputs, strict=True):
            assert process.returncode == 0, errors[-3000:]
        return tuple(printed for printed, _ in outputs)

    return play


def _finished(process, others):
    """What a process printed. If it fails, or takes too long, none is left waiting for it."""
    try:
        return process.communicate(timeout=600)
    finally:
        if process.returncode != 0:
            for other in others:
                other.kill()


@pytest.fixture
def run(command, environment):
    """A function: (workdir, *flags) -> the finished process of the tiny run, with what it printed."""

    def play(workdir, *flags, devices=1, **options):
        return subprocess.run(
            command(workdir, *flags, **options),
            env=environment(devices),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return play

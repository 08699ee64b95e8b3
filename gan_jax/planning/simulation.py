"""Devices of a CPU machine that is larger than this one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import jax


def simulate_devices(topologies: Sequence[str]) -> None:
    """Puts JAX on the CPU, with as many simulated devices as the largest cpu:N asks for. Before any device is touched.

    By variables too, for processes that this one starts.
    """
    os.environ["JAX_PLATFORMS"] = "cpu"
    jax.config.update("jax_platforms", "cpu")  # JAX read the variable when it was imported
    counts = (text.partition("@")[0].removeprefix("cpu:") for text in topologies)
    if most := max((int(count) for count in counts if count.isdigit()), default=0):
        flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={most}"
        os.environ["XLA_FLAGS"] = flags.strip()

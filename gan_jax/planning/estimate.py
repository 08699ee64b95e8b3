"""A roofline: how long a step would take if one resource bound it, by the makers' figures."""

from __future__ import annotations

import dataclasses

from gan_jax.planning.machines import Kind


@dataclasses.dataclass(frozen=True)
class Roofline:
    """Seconds of a step by each resource alone, the longest, and what binds."""

    compute: float
    memory: float
    network: float
    seconds: float
    bound: str


def roofline(flops: float, bytes_accessed: float, bytes_sent: float, kind: Kind) -> Roofline:
    """Of one device: FLOPs, bytes read and written in its memory, bytes sent to others.

    Williams, Waterman & Patterson, "Roofline", CACM 2009, with the network as a third roof. It is a lower bound: it
    takes every resource at its peak and all three at once. Products in float32 are slower than the peak.
    """
    times = {
        "compute": flops / kind.peak_flops,
        "memory": bytes_accessed / kind.memory_rate,
        "network": bytes_sent / kind.network_rate,
    }
    bound = max(times, key=times.__getitem__)
    return Roofline(**times, seconds=times[bound], bound=bound)


def ring_bytes(all_reduced: float, devices: int) -> float:
    """What a device sends while a ring of devices sums an array of that many bytes: 2 (n - 1) / n of it."""
    return 2 * (devices - 1) / devices * all_reduced

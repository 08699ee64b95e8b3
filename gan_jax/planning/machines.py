"""The machines that a plan can be made for, and their makers' figures."""

from __future__ import annotations

import dataclasses
import re

from gan_jax.names import nearest


@dataclasses.dataclass(frozen=True)
class Kind:
    """One device, as JAX counts devices: a core of TPU v2 and v3, a chip of the others, a GPU.

    peak_flops: FLOP/s of products in bfloat16 with float32 sums (dense). memory: bytes. memory_rate, network_rate: bytes
    a second, the network's of all links of the device together, one way. per_host: devices that one host feeds. clock: Hz of
    a TPU: peak_flops over 2 x 128 x 128 for each of its matrix units (v2 1 and v3 2 a core, v5e 4, v4 and v5p 8); None where
    their number is not known.
    """

    peak_flops: float
    memory: float
    memory_rate: float
    network_rate: float
    per_host: int
    source: str
    clock: float | None = None


_CLOUD = "cloud.google.com/tpu/docs/system-architecture-tpu-vm and the page of each version (per chip)"
_GIB, _G, _T = 2.0**30, 1e9, 1e12
_GBIT = _G / 8
# Half a chip's figures for a core of v2 and v3.
KINDS = {
    "v2": Kind(46 * _T / 2, 16 * _GIB / 2, 700 * _G / 2, 4 * 496 * _GBIT / 2, 8, _CLOUD, 0.70 * _G),
    "v3": Kind(123 * _T / 2, 32 * _GIB / 2, 900 * _G / 2, 4 * 656 * _GBIT / 2, 8, _CLOUD, 0.94 * _G),
    "v4": Kind(275 * _T, 32 * _GIB, 1228 * _G, 2400 * _GBIT, 4, _CLOUD, 1.05 * _G),
    "v5e": Kind(197 * _T, 16 * _GIB, 819 * _G, 1600 * _GBIT, 4, _CLOUD, 1.50 * _G),
    "v5p": Kind(459 * _T, 95 * _GIB, 2765 * _G, 4800 * _GBIT, 4, _CLOUD, 1.75 * _G),
    "v6e": Kind(918 * _T, 32 * _GIB, 1640 * _G, 3584 * _GBIT, 4, _CLOUD),
    "a100": Kind(312 * _T, 80 * _GIB, 2039 * _G, 300 * _G, 8, "NVIDIA A100 80GB SXM data sheet"),
    "h100": Kind(989 * _T, 80 * _GIB, 3350 * _G, 450 * _G, 8, "NVIDIA H100 SXM data sheet"),
    "h200": Kind(989 * _T, 141e9, 4800 * _G, 450 * _G, 8, "NVIDIA H200 SXM data sheet"),
}
TPUS = ("v2", "v3", "v4", "v5e", "v5p", "v6e")
GPUS = ("a100", "h100", "h200")


@dataclasses.dataclass(frozen=True)
class Machine:
    """A topology that was asked for. platform: "tpu", "gpu" or "cpu"; kind: a key of KINDS, None for CPUs."""

    text: str
    platform: str
    kind: str | None
    count: int | None  # devices; None: what the compiler says of a TPU's topology


def parse_topology(text: str) -> Machine:
    """ "v3:8x8" a TPU by its chips, "gpu:8xh100" by count, "cpu:8" simulated devices. Raises ValueError for others."""
    if match := re.fullmatch(r"(v\d+[a-z]*):(\d+(?:x\d+){1,2})", text):
        if match[1] in TPUS and all(map(int, match[2].split("x"))):
            return Machine(text, "tpu", match[1], None)
    elif match := re.fullmatch(r"gpu:(\d+)x([a-z]\d+)", text):
        if match[2] in GPUS and int(match[1]):
            return Machine(text, "gpu", match[2], int(match[1]))
    elif match := re.fullmatch(r"cpu:(\d+)", text):
        if int(match[1]):
            return Machine(text, "cpu", None, int(match[1]))
    known = [*(f"{kind}:2x2" for kind in TPUS), *(f"gpu:8x{kind}" for kind in GPUS), "cpu:8"]
    raise ValueError(
        f"unknown topology {text!r}{nearest(text, known)}: name a TPU by its chips, v3:8x8 "
        f"(of {', '.join(TPUS)}; v4 and v5p in three dimensions, v4:4x4x4), GPUs by count, gpu:8xh100 (of "
        f"{', '.join(GPUS)}), or cpu:8"
    )

"""One short string that two states share only if they are equal to the bit."""

from __future__ import annotations

import hashlib
from typing import Any

from gan_jax.runtime.checkpoints.leaves import described, named_leaves
from gan_jax.runtime.processes.processes import fetch


def state_digest(state: Any) -> str:
    """SHA-256 over the name, type, shape and bytes of every leaf, in the tree's order. -> 64 hexadecimal digits.

    The same on every process, and from run to run. Where there are several processes all must call it: leaves that are
    sharded over them are gathered, one at a time.
    """
    leaves = named_leaves(state)
    digest = hashlib.sha256()
    for (name, description), leaf in zip(described(leaves).items(), leaves.values(), strict=True):
        digest.update(f"{name}:{description}\n".encode())
        digest.update(fetch(leaf).tobytes())  # in C order, little-endian on every platform JAX runs on
    return digest.hexdigest()

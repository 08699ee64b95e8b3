"""Can a bucket be written to? Asked before anything expensive starts."""

from __future__ import annotations

import secrets

import jax

from gan_jax.runtime.storage.paths import RemotePath
from gan_jax.runtime.storage.patience import StoreError, patience_of

_SECONDS = 30.0  # a wrong address should be told of soon


def require_one_process(place: RemotePath) -> None:
    """Raises ValueError, on all processes, where several would save there: each has a disk of its own, see docs/storage.md."""
    if (count := jax.process_count()) > 1:
        raise ValueError(
            f"{place} is in a bucket, which a run of one process can train in, and this one has {count}: mount the bucket on "
            "all hosts, and name the folder there with --workdir (docs/tpu.md). Sampling and evaluating read it as it is"
        )


def check_bucket(place: RemotePath) -> None:
    """Writes an object there, and removes it. Raises OSError and ImportError, with what is missing and how it is given."""
    probe = place / f".probe-{secrets.token_hex(8)}"
    with patience_of(_SECONDS):
        try:
            probe.write_bytes(b"writable")
            probe.unlink(missing_ok=True)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"cannot write to {place}: there is no bucket {place.bucket}, or these credentials do not see it; make it "
                "first, or name another"
            ) from error
        except PermissionError as error:
            raise PermissionError(f"cannot write to {place}: {error}") from error
        except StoreError as error:
            raise StoreError(
                f"cannot write to {place}: {error}; check the network, and the address where AWS_ENDPOINT_URL or "
                "STORAGE_EMULATOR_HOST names one"
            ) from error

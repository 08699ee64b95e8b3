"""The stores that are spoken to, each through the library of its kind: gcsfs for gs://, s3fs for s3://."""

from __future__ import annotations

import functools
import logging
import os
from typing import Any

SCHEMES = ("gs", "s3")
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


def store(scheme: str) -> Any:
    """The file system of fsspec that speaks to a store. scheme: one of SCHEMES.

    Raises ImportError, with the command that installs it, where its library is not there, and what looking for
    credentials raises.
    """
    return _opened(scheme, identity(scheme))


def identity(scheme: str) -> str:
    """Where the store is, "" for its owner's own: AWS_ENDPOINT_URL names another for s3://, STORAGE_EMULATOR_HOST for gs://."""
    names = ("STORAGE_EMULATOR_HOST",) if scheme == "gs" else ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


@functools.cache
def _opened(scheme: str, place: str) -> Any:
    # Without lists of what was there a while ago: several hosts write, and a lock is read.
    try:
        return _google(place) if scheme == "gs" else _amazon(place)
    except ImportError as error:
        raise ImportError(
            f'{scheme}:// needs {"gcsfs" if scheme == "gs" else "s3fs"} ({error}): in a checkout, pip install ".[{scheme}]"'
        ) from error


def _google(place: str) -> Any:
    import google.auth  # pyright: ignore[reportMissingImports]
    from gcsfs.core import GCSFileSystem  # pyright: ignore[reportMissingImports]

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # what it logs it raises as well
    token: Any = "anon"
    if not place:
        token, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/devstorage.read_write"])
    return GCSFileSystem(token=token, use_listings_cache=False, consistency="md5", skip_instance_cache=True)


def _amazon(place: str) -> Any:
    from s3fs import S3FileSystem  # pyright: ignore[reportMissingImports]

    config = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS, "retries": {"max_attempts": 1}}
    made = S3FileSystem(
        endpoint_url=place or None, config_kwargs=config, use_listings_cache=False, skip_instance_cache=True
    )
    made.retries = 1  # `patiently` asks again, and says so; else a store that hangs would be waited for in silence
    return made

"""A store that does not answer is asked again, for minutes, and that is said; what it refuses is an error at once."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

_SECONDS = contextvars.ContextVar("patience", default=300.0)
_LONGEST_PAUSE = 10.0
_FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
_LIBRARIES = ("aiobotocore", "aiohttp", "botocore", "fsspec", "gcsfs", "google", "requests", "s3fs", "urllib3")
# Of botocore and google.auth: there is nothing to sign a request with.
_WITHOUT_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "DefaultCredentialsError",
    "RefreshError",
    "UnauthorizedSSOTokenError",
    "TokenRetrievalError",
    "SSOTokenLoadError",
)
CREDENTIALS = {
    "gs": "sign in with `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name the file of a "
    "service account's key; on Google's own machines that of the machine is taken, whose scopes must allow storage",
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`, which writes ~/.aws/credentials, and "
    "choose with AWS_PROFILE; on Amazon's own machines the role of the machine is taken",
}


class StoreError(OSError):
    """A store did not answer, or answered what it should not, for as long as it was asked."""


@contextlib.contextmanager
def patience_of(seconds: float) -> Iterator[None]:
    """Within it, and in this thread, a store that does not answer is asked again for so long; 0: once."""
    token = _SECONDS.set(seconds)
    try:
        yield
    finally:
        _SECONDS.reset(token)


def patiently(url: str, call: Callable[[int], T]) -> T:
    """What `call` returns, which is given the number of this try, 0, 1 and so on. url: what it asks for.

    Raises the OSErrors that say what is there (FileNotFoundError, PermissionError and their like) at once, StoreError
    for all else that went wrong on the way, once patience is at an end. Errors of another kind go through.
    """
    began, told = time.monotonic(), False
    for attempt in itertools.count():
        try:
            result = call(attempt)
        except Exception as error:
            known = _translated(url, error)
            if known is None:
                raise
            pause = min(0.5 * 2**attempt, _LONGEST_PAUSE)
            left = _SECONDS.get() - (time.monotonic() - began) - pause
            if isinstance(known, _FINAL):
                raise known from error
            if left <= 0:
                waited = time.monotonic() - began
                raise StoreError(f"{known}; it was asked for {waited:.0f} s, {attempt + 1} time(s)") from error
            if not told and _SECONDS.get():
                _say(f"{known}: asking again, for up to {left + pause:.0f} s")
            told = True
            time.sleep(pause)
        else:
            if told:
                _say(f"the store of {url} answers again, after {time.monotonic() - began:.0f} s")
            return result
    raise AssertionError  # itertools.count has no end


def _translated(url: str, error: Exception) -> OSError | None:
    """The error as an OSError with a sentence; None for a mistake of the program's own."""
    scheme, bucket = url.split("://")[0], url.split("/")[2]
    kinds = [kind.__name__ for kind in type(error).__mro__]
    said = " ".join(str(error).split()) or type(error).__name__
    code = getattr(error, "code", None)
    if any(kind in _WITHOUT_CREDENTIALS for kind in kinds):
        return PermissionError(f"there are no credentials for {scheme}://{bucket} ({said}): {CREDENTIALS[scheme]}")
    if "ParamValidationError" in kinds:
        return FileNotFoundError(f"{url} is no place in a bucket ({said})")
    if isinstance(error, PermissionError) or code in (401, 403) or said.startswith("Forbidden"):
        return PermissionError(
            f"{url} may not be read or written with these credentials ({said}): give their owner the right to list, read, "
            f"write and delete in the bucket {bucket}, or take others: {CREDENTIALS[scheme]}"
        )
    if isinstance(error, FileNotFoundError) or code == 404:
        return FileNotFoundError(f"there is no {url} ({said})")
    if isinstance(error, _FINAL):
        return type(error)(f"{url}: {said}")
    if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _LIBRARIES:
        return StoreError(f"the store of {url} does not answer ({type(error).__name__}: {said})")
    return None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

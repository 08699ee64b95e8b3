"""What a store refuses is said at once, in a sentence; what does not answer is asked again, for as long as patience lasts."""

import pytest

from gan_jax.runtime.storage import StoreError, patience, patience_of


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


def away(until, clock, result="there"):
    def call(attempt):
        if clock.now < until:
            raise ConnectionError("connection refused")
        return result

    return call


def test_a_store_that_is_away_for_a_minute_is_waited_for_and_that_is_said(clock, capsys):
    assert patience.patiently("gs://b/a", away(60, clock)) == "there"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith(
        "the store of gs://b/a does not answer (ConnectionError: connection refused): asking again, for"
    )
    assert said[1].startswith("the store of gs://b/a answers again, after 6") and 60 <= clock.now < 70


def test_patience_ends_with_how_long_it_was_asked(clock):
    with pytest.raises(StoreError, match=r"gs://b/a does not answer .* it was asked for 29\d s"):
        patience.patiently("gs://b/a", away(1000, clock))
    with patience_of(0), pytest.raises(StoreError, match="1 time"):
        patience.patiently("gs://b/a", away(10000, clock))


def named(name, text, module="botocore.exceptions", base=Exception, **more):
    kind = type(name, (base,), {"__module__": module})
    error = kind(text)
    for key, value in more.items():
        setattr(error, key, value)
    return error


@pytest.mark.parametrize(
    ("url", "error", "kind", "says"),
    [
        (
            "s3://b/a",
            named("NoCredentialsError", "Unable"),
            PermissionError,
            "no credentials for s3://b .*AWS_ACCESS_KEY_ID",
        ),
        (
            "gs://b/a",
            named("DefaultCredentialsError", "none", "google.auth.exceptions"),
            PermissionError,
            "GOOGLE_APPLIC",
        ),
        (
            "gs://b/a",
            named("HttpError", "Invalid", "gcsfs.retry", code=401),
            PermissionError,
            "may not be read or written",
        ),
        ("gs://b/a", OSError("Forbidden: no access"), PermissionError, "right to list, read, write"),
        ("s3://b/a", PermissionError("Access Denied"), PermissionError, "in the bucket b"),
        ("s3://b/a", FileNotFoundError("x"), FileNotFoundError, "there is no s3://b/a"),
        ("s3://b/a", FileExistsError("x"), FileExistsError, "s3://b/a"),
        ("s3://b/a", ZeroDivisionError("mine"), ZeroDivisionError, "mine"),
        ("s3://B_/a", named("ParamValidationError", "Invalid bucket name"), FileNotFoundError, "no place in a bucket"),
    ],
)
def test_what_is_refused_is_said_at_once(url, error, kind, says, clock):
    asked = []

    def call(attempt):
        asked.append(attempt)
        raise error

    with pytest.raises(kind, match=says):
        patience.patiently(url, call)
    assert asked == [0] and clock.now == 0

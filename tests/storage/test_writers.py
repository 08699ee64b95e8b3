"""What grows on a disk, and is written again or in parts in a bucket."""

import json

import jax
import numpy as np
import pytest

from gan_jax.evaluators.score import Score, append_scores, read_scores
from gan_jax.runtime.profile import Profile
from gan_jax.runtime.storage import at
from gan_jax.runtime.writers import event_parts, metrics_object
from gan_jax.runtime.writers.events import EventFile
from gan_jax.runtime.writers.metrics_file import last_step
from gan_jax.runtime.writers.metrics_object import metrics_file
from gan_jax.runtime.writers.trackers import Trackers

pytestmark = pytest.mark.remote


def _steps(path):
    return [json.loads(line)["step"] for line in path.read_bytes().splitlines()]


def test_lines_are_there_once_they_are_flushed_and_after_half_a_minute(bucket, monkeypatch):
    path = at(f"{bucket}/run/metrics.jsonl")
    with metrics_file(path) as metrics:
        metrics.write(1, {"a": float("nan")})
        metrics.write(2, {"a": 2})
        assert not path.exists()
        metrics.flush()
        assert _steps(path) == [1, 2] and json.loads(path.read_bytes().splitlines()[0])["a"] == "nan"
        path.unlink()  # comes back whole
        monkeypatch.setattr(metrics_object, "_FLUSH_SECONDS", 0.0)
        metrics.write(3, {})
        assert _steps(path) == [1, 2, 3]
    assert last_step(path) == 3


def test_a_resumed_log_keeps_what_is_before_and_copies_what_it_cannot_read(bucket, capsys):
    path = at(f"{bucket}/run/metrics.jsonl")
    path.write_bytes(b'{"step": 1}\nno line\n{"step": 2}\n{"step": 3}\n')
    with metrics_file(path) as metrics:
        metrics.truncate_after(2)
        metrics.write(3, {})
    assert _steps(path) == [1, 2, 3]
    assert b"no line" in (path.parent / "metrics.damaged1.jsonl").read_bytes()
    assert "1 torn or damaged line(s) dropped" in capsys.readouterr().err
    with metrics_file(path) as metrics:  # without a resume
        metrics.write(4, {})
    assert _steps(path) == [1, 2, 3, 4]


def test_events_come_in_parts_that_tensorboard_reads_in_order(bucket, monkeypatch):
    tensorboardX = pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    del tensorboardX
    monkeypatch.setattr(event_parts, "_LEAST_BYTES", 1000)
    folder = at(f"{bucket}/run/tensorboard")
    with EventFile(folder, resume_step=4) as events:
        events.scalars(5, {"d/total": 1.5})
        events.flush()
        events.image(5, "samples", np.zeros((64, 64, 3), np.uint8) + np.arange(64, dtype=np.uint8)[:, None])
        for step in range(6, 30):
            events.scalars(step, {"d/total": 2.0})
        events.flush()
        events.scalars(30, {"d/total": 3.0})
    parts = list(folder.iterdir())
    assert [path.name[-6:] for path in parts] == [".00000", ".00001"]
    read = [[Event.FromString(record) for record in _records(path.read_bytes())] for path in parts]
    assert all(part[0].file_version == "brain.Event:2" for part in read)
    assert read[0][1].session_log.status and read[0][1].step == 5
    values = [event.step for part in read for event in part if event.HasField("summary")]
    assert values == [5, 5, *range(6, 31)]


def _records(content):
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 8], "little")
        yield content[at + 12 : at + 12 + length]
        at += 16 + length


def test_scores_are_added(bucket):
    path = at(f"{bucket}/run/scores.jsonl")
    append_scores(path, [Score("swd/16", 1.0, step=1)])
    path.write_bytes(path.read_bytes() + b'{"torn')
    append_scores(path, [Score("swd/16", 2.0, step=2)])
    assert [score.value for score in read_scores(path, quiet=True)] == [1.0, 2.0]


def test_a_trace_is_sent(bucket, capsys):
    folder = at(f"{bucket}/run/profile")
    with Profile((0, 1), folder, 2) as profile:
        profile.before(0, 1, jax.numpy.ones(3))
        assert profile.after(1, jax.numpy.ones(3) + 1)
    assert any(path.name.endswith(".trace.json.gz") for path in folder.below())
    assert f"trace of rounds 0 to 1: {folder}" in capsys.readouterr().out


def test_trackers_that_write_files_are_refused(bucket, monkeypatch):
    monkeypatch.setattr("gan_jax.runtime.writers.trackers._require", lambda name: None)
    with pytest.raises(ValueError, match="log.trackers names wandb, which writes files into the work folder, and "):
        Trackers(["wandb"], at(f"{bucket}/run"), {})

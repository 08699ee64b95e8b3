import errno
import os

import jax.numpy as jnp
import numpy as np
from tensorboardX.proto.event_pb2 import Event

from gan_jax.runtime.writers.events import EventFile


def events(directory):
    """[file][event], in the order the files were made; a record is length, checksum, payload, checksum."""
    files = []
    for path in sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        content, found = path.read_bytes(), []
        while content:
            size = int.from_bytes(content[:8], "little")
            found.append(Event.FromString(content[12 : 12 + size]))
            content = content[16 + size :]
        files.append(found)
    return files


def test_scalars_and_images_are_there_and_a_resume_purges(tmp_path):
    with EventFile(tmp_path) as file:
        file.scalars(3, {"d/loss": jnp.float32(0.25), "note": "text", "nan": float("nan")})
        file.image(3, "samples", np.zeros((8, 8, 1), np.uint8))
        file.image(3, "colour", np.zeros((8, 8, 3), np.uint8))
        file.flush()
    file.scalars(4, {"late": 1.0})  # closed: nothing happens
    with EventFile(tmp_path, resume_step=2) as file:
        file.scalars(3, {"d/loss": 0.5})
    first, second = events(tmp_path)
    values = {value.tag: value for event in first for value in event.summary.value}
    assert set(values) == {"d/loss", "nan", "samples", "colour"} and values["d/loss"].simple_value == 0.25
    assert values["samples"].image.width == 8
    start = [event for event in second if event.HasField("session_log")]
    assert [event.step for event in start] == [3] and start[0].session_log.status == 1  # START: purge from here on


def test_a_write_that_fails_is_told_once_and_nobody_waits_for_it(tmp_path, capsys):
    """As on a full disk. 500 curves are more than any queue in between would hold."""
    with EventFile(tmp_path) as file:
        file.scalars(1, {"a": 1.0})

        def full(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        file._writer.write = full
        for step in range(500):
            file.scalars(step, {"a": 1.0})
        file.image(1, "samples", np.zeros((8, 8, 1), np.uint8))
        file.flush()
    told = capsys.readouterr().err
    assert told.count("could not be written") == 1 and "No space left" in told and "the run goes on" in told
    assert [event.step for event in events(tmp_path)[0] if event.summary.value] == [1]


def test_a_place_that_cannot_be_written_is_told_too(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with EventFile(tmp_path / "file") as file:
        file.scalars(1, {"a": 1.0})
    assert "TensorBoard's curves and pictures could not be written" in capsys.readouterr().err

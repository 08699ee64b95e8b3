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

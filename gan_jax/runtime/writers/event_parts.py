"""TensorBoard's records for a bucket, where nothing can be appended to: numbered parts, which TensorBoard reads in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gan_jax.runtime.storage import RemotePath

_LEAST_BYTES = 1 << 18  # or a long run would have thousands of parts


class EventParts:
    """Records like those of tensorboardX's RecordWriter, collected here and sent as <name>.00000, <name>.00001 and so on.

    begin: the record that every part begins with. Raises OSError where a part cannot be written.
    """

    def __init__(self, folder: RemotePath, name: str, begin: bytes):
        self._folder, self._name, self._begin = folder, name, begin
        self._part, self._sent = 0, 0
        self._records: list[bytes] = []

    def write(self, record: bytes) -> None:
        """record: an event, serialised."""
        self._records.append(record)

    def flush(self) -> None:
        """Sends the part, again if it was sent already and has grown; it is closed once it is large enough."""
        if not self._records or self._sent == len(self._records):
            return
        content = _encoded([self._begin, *self._records])
        (self._folder / f"{self._name}.{self._part:05d}").write_bytes(content)
        self._sent = len(self._records)
        if len(content) >= _LEAST_BYTES:
            self._part, self._sent, self._records = self._part + 1, 0, []

    def close(self) -> None:
        """Sends what is left."""
        self.flush()


def _encoded(records: list[bytes]) -> bytes:
    from tensorboardX.record_writer import RecordWriter  # imported here: it takes a while

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records"
        writer = RecordWriter(str(file))
        for record in records:
            writer.write(record)
        writer.close()
        return file.read_bytes()

import os
import tempfile

import pytest

from gan_jax.runtime.workdir import check_writable
from gan_jax.runtime.writers.atomic import write_atomically


def test_a_good_place_is_made_and_left_clean(tmp_path):
    path = check_writable(tmp_path / "a" / "b", need_mb=0.001)
    assert path.is_dir() and not list(path.iterdir())


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(NotADirectoryError, match=f"{tmp_path}/file is a file; name another directory"):
            check_writable(path)


def test_a_full_disk_is_told_in_megabytes(tmp_path):
    with pytest.raises(OSError, match=r"the disk has \d+ MB free and this run needs about 1000000000000 MB"):
        check_writable(tmp_path, need_mb=1e12)


def test_no_permission_is_told(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(PermissionError, match="no permission .* name a directory of your own"):
        check_writable(tmp_path)


def test_an_atomic_write_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    monkeypatch.setattr(os, "replace", lambda *args: (_ for _ in ()).throw(OSError("killed here")))
    with pytest.raises(OSError, match="killed here"):
        write_atomically(path, b"two")
    assert path.read_bytes() == b"one" and [entry.name for entry in path.parent.iterdir()] == ["file"]

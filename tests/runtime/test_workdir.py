import errno
import os
import tempfile

import pytest

from gan_jax.runtime.workdir import check_apart, check_writable, unmade_on_failure
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


def test_an_atomic_write_that_fails_names_the_file_and_what_to_do(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match="grid.png could not be written .No space left on device.: free some space"
    ) as told:
        write_atomically(tmp_path / "grid.png", b"one")
    assert told.value.errno == errno.ENOSPC and not list(tmp_path.iterdir())


def test_a_url_of_no_store_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match="gcs://bucket/run begins with gcs://, and what can be written to is gs:// and s3://"
    ):
        check_writable("gcs://bucket/run")
    assert not list(tmp_path.iterdir())


def test_a_folder_made_for_nothing_goes_again(tmp_path):
    def begin(path, *files):
        with unmade_on_failure(path):
            check_writable(path, need_mb=0.001)
            for file in files:
                (path / file).write_text("")
            raise KeyError("a mistake")

    (tmp_path / "mine").mkdir()
    for path, files in ((tmp_path / "a" / "b", ()), (tmp_path / "mine", ()), (tmp_path / "c", ("note",))):
        with pytest.raises(KeyError):
            begin(path, *files)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c", "mine"]


def test_what_is_read_is_not_written_over(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "data.npz").write_bytes(b"")
    for out in ("data.npz", "images", "images/grid.png"):
        with pytest.raises(ValueError, match="is what is read, and stays as it is"):
            check_apart(tmp_path / out, tmp_path / "data.npz", tmp_path / "images")
    check_apart(tmp_path / "images.png", tmp_path / "data.npz", tmp_path / "images")

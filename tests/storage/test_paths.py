"""Places in a bucket: what names them, and that they do what paths of a disk do."""

import pytest

from gan_jax.runtime.storage import RemotePath, at, is_remote


def test_urls_are_taken_apart_and_put_together():
    path = at("gs://bucket//runs/digits/")
    assert str(path) == "gs://bucket/runs/digits"
    assert str(path / "samples" / "1.png") == "gs://bucket/runs/digits/samples/1.png"
    assert ((path / "a.json").name, (path / "a.json").stem, (path / "a.json").suffix) == ("a.json", "a", ".json")
    assert (path / "a.json").with_name("b") == path / "b"
    assert path.parent == RemotePath("gs://bucket/runs")
    assert path.bucket == path.parent.parent == path.parent.parent.parent == RemotePath("gs://bucket")
    assert str((path / "a/b").relative_to(path)) == "a/b"
    assert sorted([path / "b", path / "a"]) == [path / "a", path / "b"]
    assert is_remote(path) and is_remote("s3://b/a") and not is_remote("runs/digits")
    with pytest.raises(TypeError):
        open(path)


def test_a_path_of_this_machine_stays_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert at("~/runs") == tmp_path / "runs"
    assert at(tmp_path) == tmp_path


@pytest.mark.parametrize("url", ["gcs://b/a", "http://b/a", "gs://", "s3:///a", "gs://b/../a"])
def test_what_is_no_place_in_a_bucket_is_refused(url):
    with pytest.raises(ValueError, match="://"):
        at(url)


@pytest.mark.remote
def test_an_object_is_written_read_listed_and_removed(bucket, tmp_path):
    path = at(f"{bucket}/run")
    file = path / "a.json"
    assert not file.exists() and not path.is_dir() and list(path.glob("*")) == []
    file.write_text("é")
    file.write_bytes(b"two")
    assert file.is_file() and not file.is_dir() and path.is_dir() and not path.is_file()
    assert file.read_bytes() == b"two" and file.open().read() == b"two"
    (path / "folder" / "b.png").write_bytes(b"")
    assert [each.name for each in path.iterdir()] == ["a.json", "folder"]
    assert list(path.glob("*.json")) == [file]
    assert path.below() == [file, path / "folder" / "b.png"]
    (path / "folder").rename(path / "aside")
    assert path.below() == [file, path / "aside" / "b.png"]
    (tmp_path / "here").write_bytes(b"sent")
    (path / "sent").send(tmp_path / "here")
    (path / "sent").fetch(tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == b"sent"
    file.unlink()
    file.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError, match="there is no"):
        file.unlink()
    with pytest.raises(FileNotFoundError):
        file.read_bytes()
    path.rmtree()
    assert not path.exists()


@pytest.mark.remote
def test_of_several_that_create_an_object_one_does(bucket):
    path = at(f"{bucket}/run/lock.json")
    assert path.create(b"one")
    assert not path.create(b"two")
    assert path.read_bytes() == b"one"

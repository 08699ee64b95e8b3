"""What bad input gets, before anything trains."""

import builtins

import pytest

from gan_jax.runtime.lock import NAME
from gan_jax.runtime.storage import StoreError, at, checking
from gan_jax.runtime.storage import stores as opened
from gan_jax.runtime.workdir import check_new_file, check_writable


@pytest.mark.remote
def test_a_bucket_that_is_not_there_is_said(store):
    with pytest.raises(FileNotFoundError, match=f"there is no bucket {store.scheme}://not-there-at-all, or these cred"):
        check_writable(f"{store.scheme}://not-there-at-all/run")


@pytest.mark.remote
def test_a_bucket_that_is_there_is_left_as_it_was(bucket):
    assert check_writable(f"{bucket}/run") == at(f"{bucket}/run")
    assert check_new_file(f"{bucket}/a.png") == at(f"{bucket}/a.png")
    assert not at(f"{bucket}/run").exists() and not at(f"{bucket}/a.png").exists()


@pytest.mark.remote
def test_missing_credentials_are_named_with_how_they_are_given(store, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    if store.scheme == "s3":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"{store.url}/")  # a file system of its own
        says = "no credentials for s3://b .*AWS_ACCESS_KEY_ID and AWS_SECRET"
    else:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST")
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        says = "no credentials for gs://b .*gcloud auth application-default login"
    with pytest.raises(PermissionError, match=says):
        check_writable(f"{store.scheme}://b/run")


@pytest.mark.remote
def test_a_store_that_is_nowhere_is_told_of_soon(store, monkeypatch):
    monkeypatch.setattr(checking, "_SECONDS", 0.0)
    if store.scheme == "gs":
        pytest.skip("gcsfs itself asks six times, for half a minute")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="check the network, and the address where AWS_ENDPOINT_URL"):
        check_writable("s3://b/run")


@pytest.mark.parametrize(("scheme", "library"), [("gs", "gcsfs"), ("s3", "s3fs")])
def test_a_library_that_is_not_installed_is_named(scheme, library, monkeypatch):
    monkeypatch.setattr(builtins, "__import__", _without(library, builtins.__import__))
    opened._opened.cache_clear()
    with pytest.raises(ImportError, match=rf'{scheme}:// needs {library}.*pip install "\.\[{scheme}\]"'):
        check_writable(f"{scheme}://bucket/run")


def _without(name, imported):
    def find(asked, *arguments, **more):
        if asked.split(".")[0] in (name, "google"):
            raise ImportError(f"No module named {name!r}")
        return imported(asked, *arguments, **more)

    return find


def test_a_url_of_no_store_and_a_url_where_a_file_is_taken_are_refused(tmp_path):
    from gan_jax.main import main

    with pytest.raises(ValueError, match="what can be written to is gs:// and s3://"):
        check_writable("hdfs://bucket/run")
    for words in (["sweep", "--workdir=gs://b/a"], ["video", "--workdir=runs/a", "--out=gs://b/a.gif"]):
        with pytest.raises(SystemExit) as ended:
            main(["gan_jax", *words])
        assert ended.value.code == 1
    assert not (tmp_path / NAME).exists()

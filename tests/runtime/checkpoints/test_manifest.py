import pytest
from etils import epath

from gan_jax.runtime.checkpoints.manifest import damage, is_complete, write_manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(bytes(range(256)))
    (tmp_path / "deep" / "b").write_bytes(b"b" * 5000)
    return epath.Path(tmp_path)


def test_complete_and_sound(folder):
    assert not is_complete(folder) and "incomplete" in damage(folder)
    write_manifest(folder)
    assert is_complete(folder) and damage(folder) is None
    write_manifest(folder)  # again, over itself
    assert damage(folder) is None and sorted(path.name for path in folder.iterdir()) == ["a", "deep", "manifest.json"]


@pytest.mark.parametrize(
    "harm, words",
    [
        (lambda f: (f / "a").write_bytes(bytes(range(255)) + b"\0"), "a has changed"),
        (lambda f: (f / "deep" / "b").write_bytes(b"b" * 4999), "deep/b has changed"),
        (lambda f: (f / "deep" / "b").unlink(), "deep/b is missing"),
        (lambda f: (f / "manifest.json").write_bytes((f / "manifest.json").read_bytes()[:40]), "cannot be read"),
        (lambda f: (f / "manifest.json").write_bytes(b"\xff\0"), "cannot be read"),
        (lambda f: (f / "manifest.json").write_text("[]"), "cannot be read"),
    ],
    ids=["flipped", "cut", "gone", "torn list", "garbled list", "other list"],
)
def test_damage_is_found_and_named(folder, harm, words):
    write_manifest(folder)
    harm(folder)
    assert words in damage(folder)


def test_what_a_manifest_does_not_list_is_not_believed(tmp_path):
    folder = epath.Path(tmp_path)
    (folder / "state").mkdir()
    (folder / "state" / "a").write_text("1")
    write_manifest(folder, 3)
    assert damage(folder) is None
    (folder / "manifest.json").write_text('{"sha256": {}, "step": 3}')
    assert damage(folder) == "state/a is not in its manifest.json"

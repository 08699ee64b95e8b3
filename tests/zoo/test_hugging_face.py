"""Models fetched from and sent to Hugging Face, by stand-ins of its library: nothing here asks the network."""

import importlib.util
import shutil
from importlib import resources
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import gan_jax
from gan_jax.main import main
from gan_jax.verbs.push import push
from gan_jax.zoo.formats import hugging_face
from gan_jax.zoo.formats.hugging_face import fetched

SHIPPED = resources.files("gan_jax.zoo") / "ssgan_digits"


class Hub:
    """Its client, and its cache: a folder for each repository and revision."""

    def __init__(self, root):
        self.root, self.asked = root, []

    def create_repo(self, repo_id, *, private, exist_ok):
        self.asked.append(("create", repo_id, private, exist_ok))

    def upload_folder(self, *, repo_id, folder_path, commit_message, allow_patterns):
        self.asked.append(("upload", repo_id, commit_message))
        there = self.root / repo_id.replace("/", "--") / "main"
        there.mkdir(parents=True)
        for name in allow_patterns:
            shutil.copy(f"{folder_path}/{name}", there / name)

    def snapshot_download(self, repo_id, *, revision, allow_patterns):
        self.asked.append(("download", repo_id, revision, allow_patterns))
        there = self.root / repo_id.replace("/", "--") / (revision or "main")
        if not there.is_dir():
            raise type("RepositoryNotFoundError", (OSError,), {})("404 Client Error.\n\nRepository Not Found")
        return str(there)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    made = Hub(tmp_path / "hub")
    library = SimpleNamespace(snapshot_download=made.snapshot_download, get_token=lambda: "token", HfApi=lambda: made)
    monkeypatch.setattr(hugging_face, "_hub", lambda what_for: library)
    return made


def test_what_is_pushed_is_loaded_by_its_name(hub, tmp_path, capsys):
    push("ssgan_digits", tmp_path / "mine", "me/digits", licence="apache-2.0")
    assert "sent it: gan_jax.load('hf://me/digits') reads it" in capsys.readouterr().out
    assert hub.asked == [
        ("create", "me/digits", False, True),
        ("upload", "me/digits", "Upload mine by gan_jax"),
    ]
    model = gan_jax.load("hf://me/digits")
    assert hub.asked[-1] == ("download", "me/digits", None, ["weights.safetensors", "model.json"])
    assert repr(model) == repr(gan_jax.load("ssgan_digits"))
    np.testing.assert_array_equal(model.sample(2), gan_jax.load("ssgan_digits").sample(2))


def test_a_revision_pins_what_is_fetched(hub):
    there = hub.root / "me--digits" / "v1.0"
    shutil.copytree(SHIPPED, there)
    assert fetched("hf://me/digits@v1.0") == there
    (there / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(
        ValueError, match="weights.safetensors is not the file that model.json was written with, or is dam"
    ):
        gan_jax.load("hf://me/digits@v1.0")
    (there / "weights.safetensors").rename(there / "weights.pkl")
    with pytest.raises(FileNotFoundError, match="is no model of gan_jax: it has no weights.safetensors"):
        gan_jax.load("hf://me/digits@v1.0")


def test_the_repository_has_a_readme_that_hubs_read(tmp_path):
    push("ssgan_digits", tmp_path / "mine")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        *("README.md", "model.json", "samples.png", "weights.safetensors")
    ]
    _, front, text = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert yaml.safe_load(front) == {
        "library_name": "gan_jax",
        "license": "other",
        "license_name": "see-data",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "jax", "flax", "adversarial", "sngan", "digits"],
    }
    for line in (
        "# ssgan_digits",
        "![Samples of ssgan_digits](samples.png)",
        'made = gan_jax.load("path/to/this/folder").sample(16)',
        "digits. Licence: Optical Recognition of Handwritten Digits (UCI, ",
        "| rounds | 6,000 |",
        "| fd_digits | 0.128 | 1,442 made, 1,442 of Digits(split='train') at 16 x 16 x 1 ",
        "| `weights.safetensors` | 72,449 numbers; SHA-256 `18ef8f32",
    ):
        assert line in text


def test_bad_names_and_what_is_not_there(hub, tmp_path):
    for name in ("hf://digits", "hf://me/digits@", "hf://me/di/gits", "hf://../digits"):
        with pytest.raises(ValueError, match="a model on Hugging Face is hf://owner/name or hf://owner/name@revision"):
            gan_jax.load(name)
    with pytest.raises(
        FileNotFoundError, match="hf://me/other is not there, or private and you are not logged in: 404"
    ):
        gan_jax.load("hf://me/other")

    def broken(*args, **settings):
        raise RuntimeError("no route to host\nand more")

    with pytest.raises(ConnectionError, match="^hf://me/other could not be fetched: no route to host$"):
        fetched("hf://me/other", broken)
    hub.create_repo = broken
    with pytest.raises(
        ConnectionError, match="me/digits was not sent: no route to host; .*mine holds all that there is"
    ):
        push("ssgan_digits", tmp_path / "mine", "me/digits")
    with pytest.raises(FileExistsError, match="is not empty, and all in it would look like the model's"):
        push("ssgan_digits", tmp_path / "mine")
    with pytest.raises(ValueError, match="a repository is owner/name, such as me/faces, not 'digits'"):
        push("ssgan_digits", tmp_path / "other", "digits")


def test_without_a_token_nothing_is_written(tmp_path, monkeypatch):
    library = SimpleNamespace(get_token=lambda: None)
    monkeypatch.setattr(hugging_face, "_hub", lambda what_for: library)
    with pytest.raises(
        PermissionError, match="no token for Hugging Face: log in with `hf auth login`, or set HF_TOKEN"
    ):
        push("ssgan_digits", tmp_path / "mine", "me/digits")
    assert not list(tmp_path.iterdir())


def _play(*flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "push", *flags])
    return ended.value.code


def test_the_command(tmp_path, capsys):
    assert _play("--model=ssgan_digits", f"--out={tmp_path}/mine") == 0
    assert capsys.readouterr().out == f"wrote the repository of ssgan_digits to {tmp_path}/mine\n"
    for flags, says in (
        ((), "push needs --model, such as --model=my_model"),
        (("--model=ssgan_digit",), "is no exported model (did you mean 'ssgan_digits'?): gan_jax export writes one"),
        (("--model=ssgan_digits", "--private"), "--private is of the repository that is sent to"),
    ):
        assert _play(*flags, f"--out={tmp_path}/other") == 1
        assert says in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("huggingface_hub") is not None, reason="huggingface_hub is here")
def test_without_its_library(tmp_path):
    with pytest.raises(ImportError, match="to fetch a model needs huggingface_hub: pip install huggingface_hub"):
        gan_jax.load("hf://me/digits")
    with pytest.raises(ImportError, match="to send a model needs huggingface_hub"):
        push("ssgan_digits", tmp_path / "mine", "me/digits")

"""`gan_jax explore` as it is typed: served and ended, exported, and what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.analysis.directions import Direction, generator_hash
from gan_jax.main import main
from gan_jax.verbs import opening

MODEL = "ssgan_digits"


def play(*flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "explore", "--compilation_cache=none", *flags])
    return ended.value.code


@pytest.fixture
def direction(tmp_path):
    sampler = gan_jax.load(MODEL).sampler
    vector = np.random.default_rng(0).normal(size=32)
    path = tmp_path / "tilt.json"
    path.write_text(Direction("tilt", "z", vector, "a test", "one step", generator_hash(sampler)).as_json())
    return path


def test_it_is_served_until_it_is_interrupted(direction):
    words = ["explore", f"--model={MODEL}", "--port=0", "--noopen", f"--directions={direction}"]
    command = [sys.executable, "-W", "ignore", "-m", "gan_jax.main", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        told = ""
        for line in process.stdout:
            told += line
            if found := re.search(r"open (http://127\.0\.0\.1:\d+/)\n", line):
                break
        assert found, told + process.stderr.read()
        with urllib.request.urlopen(f"{found[1]}api/model", timeout=60) as answer:
            model = json.loads(answer.read())
        assert model["name"] == MODEL and model["directions"][0]["name"] == "tilt"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in err and out.endswith("ended\n")


def test_an_export_is_written(tmp_path, capsys):
    assert play(f"--model={MODEL}", f"--export={tmp_path}/page", "--num=2", "--amounts=2,1") == 0
    assert f"wrote 4 pictures of {MODEL}" in capsys.readouterr().out
    assert (tmp_path / "page" / "index.html").exists()
    with Image.open(tmp_path / "page" / "pictures" / "0001.png") as sheet:
        assert sheet.size == (16, 32)


@pytest.mark.parametrize(
    "flags, told",
    [
        ((), "explore takes a run, --workdir=runs/faces, or a model"),
        ((f"--model={MODEL}", "--num=3"), "explore takes no --num here: without --export"),
        ((f"--model={MODEL}", "--export=page", "--port=1"), "explore takes no --port here: --export writes files"),
        ((f"--model={MODEL}", "--port=70000"), "--port"),
        ((f"--model={MODEL}", "--host=203.0.113.7"), "--host=203.0.113.7 is no address of this machine"),
        ((f"--model={MODEL}", "--directions=nothing.json"), "there is no direction nothing.json"),
        (("--model=nothing",), "no model is called 'nothing'"),
    ],
)
def test_what_is_refused(flags, told, capsys):
    assert play(*flags) != 0
    assert told in capsys.readouterr().err


def test_a_direction_of_another_generator_is_refused(tmp_path, capsys):
    path = tmp_path / "theirs.json"
    path.write_text(Direction("theirs", "z", np.ones(32), "a test", "one step", "0" * 64).as_json())
    assert play(f"--model={MODEL}", f"--directions={path}", "--port=0") == 1
    assert "was found in another generator" in capsys.readouterr().err


def test_without_the_library_it_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tornado", None)
    for name in [name for name in sys.modules if name.startswith(("tornado.", "gan_jax.explore.server"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("gan_jax.explore.server", raising=False)
    assert play(f"--model={MODEL}") == 1
    assert "pip install tornado" in capsys.readouterr().err


@pytest.mark.parametrize("given, verb", [(("a",), "translate"), (("content", "style"), "stylize")])
def test_of_a_generator_that_starts_from_images_it_says_what_to_take(monkeypatch, capsys, given, verb):
    model = SimpleNamespace(name="maps", sampler=SimpleNamespace(given=given))
    monkeypatch.setattr(opening, "load", lambda name: model)
    assert play("--model=maps", "--port=0") == 1
    told = capsys.readouterr().err
    assert f"starts from {' and '.join(given)} of the data" in told and f"gan_jax {verb} draws" in told

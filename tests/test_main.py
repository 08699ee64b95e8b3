"""Every verb says what it needs, in a sentence, before anything is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags
from absl.flags import FlagValues

from gan_jax.main import _use_compilation_cache, main

ROOT = Path(__file__).resolve().parents[1]
CONFIG = f"--config={ROOT}/configs/sngan_digits.py"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--mode=train",), "train needs --workdir"),
        (("--mode=train", "--workdir=nothing_there"), "train needs --config"),
        (("--mode=train", "--workdir=x", CONFIG, "--profile=20:10"), "--profile=20:10 ends before it begins"),
        (("--mode=sample", "--workdir=x", "--profile=1:2"), "--profile belongs to train"),
        (("--workdir=x", CONFIG, "--seed=1"), "for train: --config.seed=1"),
        (("train", "--workdir=x", "--config=ssgan_digit"), "did you mean 'ssgan_digits'?"),
        (("--mode=sample",), "sample takes a run, --workdir=runs/faces, or a model"),
        (("--mode=evaluate",), "evaluate needs --workdir"),
        (("--mode=evaluate", "--images=x"), "evaluate --images needs --reference"),
        (("--mode=evaluate", "--compare=a"), "--compare takes two work folders"),
        (("--mode=classifier", CONFIG), "classifier needs --out"),
        (("--mode=sweep", "--workdir=x"), "sweep needs an axis"),
        (("--mode=toys",), "toys needs --out"),
        (("--mode=toys", "--out=x", CONFIG), "toys takes games by --games"),
        (("--mode=plan", CONFIG), "plan needs --topology"),
        (("--mode=import",), "import needs --kind"),
        (("--mode=import", "--kind=nope", CONFIG, "--workdir=x"), "--kind=nope: value should be one of <mimicry|"),
    ],
)
def test_what_is_missing_is_named(flags, message, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gan_jax.main", *flags],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert message in done.stderr
    assert not list(tmp_path.iterdir())  # before anything is written


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OverflowError("Python int too large to convert to C long"), "is too large: Python int too large"),
        (MemoryError(), "is too large: memory ran out"),
    ],
)
def test_what_is_too_large_ends_in_a_sentence(error, says, monkeypatch, capsys):
    def fail(argv):
        raise error

    monkeypatch.setattr("gan_jax.main._play", fail)
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "configs"])
    assert ended.value.code == 1
    assert says in capsys.readouterr().err


def test_recipes_are_listed():
    command = [sys.executable, "-m", "gan_jax.main", "--mode=evaluate", "--recipes=list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert "fid50k" in done.stdout and "kd_emoji" in done.stdout


def test_the_cache_of_programs_is_a_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "gan_jax",
                "train",
                "--config=gan_ring",
                f"--workdir={tmp_path / 'w'}",
                f"--compilation_cache={tmp_path / 'file'}",
            ]
        )
    assert ended.value.code == 1 and "is no folder" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_variables_of_jax_choose_the_cache_where_no_flag_does(tmp_path, monkeypatch):
    import jax

    chosen = {}
    monkeypatch.setattr(jax.config, "update", lambda key, value: chosen.update({key: value}))
    values = FlagValues()
    flags.DEFINE_string("compilation_cache", None, "", flag_values=values)
    flags.DEFINE_string("workdir", str(tmp_path / "w"), "", flag_values=values)
    values.mark_as_parsed()
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    monkeypatch.delenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", raising=False)
    _use_compilation_cache(values)
    assert chosen == {}
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    _use_compilation_cache(values)
    assert chosen == {
        "jax_compilation_cache_dir": str(tmp_path / ".compilation_cache"),
        "jax_persistent_cache_min_compile_time_secs": 0.1,
    }


def test_a_reader_that_has_seen_enough_ends_it_quietly():
    command = f"{sys.executable} -m gan_jax.main configs | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() and not done.stderr

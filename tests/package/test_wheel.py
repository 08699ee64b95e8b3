"""The wheel holds all that a run needs: no checkout is near."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    *("--config.steps=4", "--config.batch_size=8", "--config.log.num_samples=4", "--config.generator.widths=(8,8,8)"),
    *("--config.discriminator.widths=(8,8,8,8)", "--config.latents.dim=4"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A folder into which the wheel of this checkout was installed."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("gan_jax", "configs"):  # a copy: building leaves files behind
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    _call(*pip, "wheel", "--no-build-isolation", "--no-deps", f"--wheel-dir={source}", str(source), cwd=source)
    (built,) = source.glob("*.whl")
    _call(*pip, "install", "--no-index", "--no-deps", f"--target={folder}", str(built), cwd=source)
    return folder


@pytest.fixture
def gan_jax(wheel, tmp_path):
    """A function: what was typed behind gan_jax -> what it printed. It plays in an empty folder."""

    def play(*words):
        return _call(sys.executable, "-m", "gan_jax.main", *words, cwd=tmp_path, PYTHONPATH=str(wheel))

    return play


def _call(*words, cwd, **variables):
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **variables}
    done = subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_it_holds_the_configs_and_what_is_embedded(wheel):
    inside = wheel / "gan_jax"
    assert {file.name for file in ROOT.glob("configs/*.py")} == {file.name for file in inside.glob("configs/*.py")}
    assert (inside / "configs/parts/rotation.py").exists()
    for room in ("data/embedded", "features/embedded", "features/encoders"):
        assert {file.name for file in (ROOT / "gan_jax" / room).iterdir()} == {
            file.name for file in (inside / room).iterdir()
        }
    assert not list(wheel.glob("configs*")), "the name is the users' own"
    assert (wheel / "bin/gan_jax").exists()


def test_it_holds_every_file_of_the_package(wheel):
    files = lambda root: {str(file.relative_to(root)) for file in root.glob("gan_jax/**/*.py")}
    assert files(ROOT) == {name for name in files(wheel) if not name.startswith("gan_jax/configs/")}


def test_it_lists_configs(gan_jax):
    assert "  ssgan_digits " in gan_jax("configs")


@pytest.mark.slow
def test_it_trains_samples_and_scores(gan_jax, tmp_path):
    cache = f"--compilation_cache={os.environ['JAX_COMPILATION_CACHE_DIR']}"
    gan_jax("train", "--config=ssgan_digits", "--workdir=run", cache, *SMALL)
    assert "wrote 4 samples of step 4" in gan_jax("sample", "--workdir=run", "--num=4", cache)
    assert "swd" in gan_jax("evaluate", "--workdir=run", "--recipes=swd", "--force", cache)
    assert (tmp_path / "samples.png").exists() and (tmp_path / "run/scores.jsonl").exists()

"""`import gan_jax` is quick and brings what a notebook needs when it is asked for."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gan_jax

ROOT = Path(__file__).resolve().parents[2]


def _python(code, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_is_quick_and_imports_nothing_slow(tmp_path):
    code = (
        "import sys, time, json\nbegun = time.perf_counter()\nimport gan_jax\nseconds = time.perf_counter() - begun\n"
        "print(json.dumps({'seconds': seconds, 'modules': sorted(sys.modules)}))"
    )
    found = json.loads(_python(code, tmp_path))
    assert not {"jax", "numpy", "absl", "ml_collections"} & set(found["modules"])
    assert found["seconds"] < 0.2


@pytest.mark.parametrize("name", gan_jax.__all__)
def test_its_names_are_there(name):
    assert callable(getattr(gan_jax, name))
    assert name in dir(gan_jax)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="module 'gan_jax' has no attribute 'translate'"):
        gan_jax.translate  # noqa: B018 - asking is the test


def test_a_checkout_on_the_path_has_the_configs(tmp_path):
    code = (
        "import gan_jax, gan_jax.configs\nfrom gan_jax.configs import ssgan_digits\nfrom gan_jax.configs.parts import rotation\n"
        "assert gan_jax.configs.ssgan_digits is ssgan_digits\nprint(gan_jax.load_config('ssgan_digits').steps)"
    )
    assert _python(code, tmp_path).split() == ["6000"]


def test_no_text_tells_to_install_a_package_that_is_not_published():
    folders = ("gan_jax", "configs", "docs", "launch", "notebooks", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [*files, *ROOT.glob("*.md")]
    readable = [path for path in texts if path.suffix in (".py", ".md", ".sh", ".ipynb", ".yaml", ".sbatch", "")]
    assert len(readable) > 100
    named = re.compile(r"gan_jax\[[a-z]+\]|pip install (-e )?gan_jax")
    assert not [str(path) for path in readable if named.search(path.read_text(errors="replace"))]

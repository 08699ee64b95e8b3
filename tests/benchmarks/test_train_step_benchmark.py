"""The benchmark of training steps runs, and reports what its README says."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "train_step.py"
QUICK = "--xla_backend_optimization_level=0"  # how fast it is, is not asked here
ENVIRONMENT = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICK}


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(PROGRAM), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=300)


def test_it_times_gan_jax_alone(tmp_path):
    out = tmp_path / "results.json"
    done = run("--small", "--no-torch", "--models", "ssgan32", "--batch", "4", "--repeats", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "ssgan32" in done.stdout and "images/s" in done.stdout
    results = json.loads(out.read_text())
    assert results["machine"]["cores"] >= 1
    model = results["models"]["ssgan32"]
    assert model["gflop_a_round"] > 0 and model["matrix_gflop_s"] > 0
    assert list(model["rounds"]) == ["gan_jax"] and "best_pytorch" not in model
    row = model["rounds"]["gan_jax"]
    for key in ("images_a_second", "gflop_s", "of_matrix_rate"):
        assert row[key] > 0 and math.isfinite(row[key]), key
    assert len(row["all_seconds"]) == 2
    assert 0 < row["seconds"]["min"] <= row["seconds"]["median"] <= row["seconds"]["max"]
    assert row["speed_to_gan_jax"]["median"] == 1.0


@pytest.mark.parity
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_pytorchs_networks_are_the_same_in_either_precision(tmp_path, precision):
    """Before it times them it holds their images and logits against gan_jax's."""
    out = tmp_path / "results.json"
    models = "sngan32,ssgan32,sndcgan32,biggan32"
    sizes = ("--small", "--batch", "4", "--repeats", "1", "--warm_up", "1")
    done = run(*sizes, "--models", models, "--precision", precision, "--out", str(out))
    assert done.returncode == 0, done.stderr
    for name, model in json.loads(out.read_text())["models"].items():
        assert list(model["rounds"]) == ["gan_jax", "PyTorch", "PyTorch channels_last"], name
        assert model["gan_jax_to_pytorch_speed"]["median"] > 0


@pytest.mark.parametrize(
    "wrong", [("--precision", "float16"), ("--models", "biggan"), ("--inside", "vmap"), ("--batch", "6")]
)
def test_it_refuses_what_it_cannot_time(wrong):
    done = run("--no-torch", *wrong)
    assert done.returncode == 2 and "error:" in done.stderr


def test_it_says_what_to_install_where_torch_is_missing(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError\n")
    command = [sys.executable, str(PROGRAM), "--small"]
    environment = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 2 and 'pip install ".[parity]"' in done.stderr

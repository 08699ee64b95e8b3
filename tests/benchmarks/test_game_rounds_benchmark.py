"""The benchmark of the other games' rounds runs, and its PyTorch networks are gan_jax's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "game_rounds.py"
QUICK = "--xla_backend_optimization_level=0"  # how fast it is, is not asked here
ENVIRONMENT = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICK}


def run(*arguments):
    command = [sys.executable, str(PROGRAM), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=580)


def test_it_refuses_what_it_does_not_know():
    for wrong in (("--games", "pix2pix_facades"), ("--repeats", "0")):
        done = run("--no-torch", *wrong)
        assert done.returncode == 2 and "error:" in done.stderr


@pytest.mark.parity
def test_pytorchs_games_are_the_same(tmp_path):
    """Before it times them it holds their images and logits against gan_jax's."""
    pytest.importorskip("torch")
    out = tmp_path / "results.json"
    done = run("--small", "--repeats", "1", "--warm_up", "1", "--out", str(out))
    assert done.returncode == 0, done.stderr
    games = json.loads(out.read_text())["games"]
    assert list(games) == ["pix2pix_maps", "cyclegan_maps", "gan3d_furniture"]
    for game in games.values():
        assert list(game["rounds"]) == ["gan_jax", "PyTorch", "PyTorch channels_last"]
        assert game["gan_jax_to_pytorch_speed"]["median"] > 0

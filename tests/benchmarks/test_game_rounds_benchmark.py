"""The benchmarks of the other games' rounds run, and their PyTorch networks are gan_jax's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
QUICK = "--xla_backend_optimization_level=0"  # how fast it is, is not asked here
ENVIRONMENT = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICK}


def run(program, *arguments):
    command = [sys.executable, str(BENCHMARKS / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=580)


def test_they_refuse_what_they_do_not_know():
    for wrong in (("--no-torch", "--games", "pix2pix_facades"), ("--no-torch", "--repeats", "0")):
        done = run("game_rounds.py", *wrong)
        assert done.returncode == 2 and "error:" in done.stderr
    done = run("style_rounds.py", "--games", "progan")
    assert done.returncode == 2 and "known: stylegan" in done.stderr


@pytest.mark.parity
@pytest.mark.parametrize(
    ("program", "games"),
    [
        ("game_rounds.py", ["pix2pix_maps", "cyclegan_maps", "gan3d_furniture"]),
        ("style_rounds.py", ["stylegan", "stylegan2", "r3gan"]),
    ],
)
def test_pytorchs_games_are_the_same(tmp_path, program, games):
    """Before they time them they hold their images and logits against gan_jax's."""
    pytest.importorskip("torch")
    out = tmp_path / "results.json"
    done = run(program, "--small", "--repeats", "1", "--warm_up", "1", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())["games"]
    assert list(found) == games
    for game in found.values():
        assert len(game["rounds"]) >= 3 and "gan_jax" in game["rounds"]
        assert game["gan_jax_to_pytorch_speed"]["median"] > 0

"""The same scores on one device, on eight, and on two processes."""

import json
import shutil
import subprocess
import sys

import pytest

from gan_jax.run.training import Training

RECIPES = "fd_digits,prdc_digits,swd,memorisation"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny, quick_rounds):
    folder = tmp_path_factory.mktemp("devices") / "run"
    shape = {"data__shape": (16, 16, 1), "steps": 2, "checkpoint__every": 2, "log__samples_every": 100}
    with quick_rounds(), Training(tiny(**shape), folder) as run:
        run.play()
    return folder


def _scores(folder):
    lines = (folder / "scores.jsonl").read_text().splitlines()
    return {score["name"]: score["value"] for score in map(json.loads, lines)}


def _command(folder, cache):
    return [
        *(sys.executable, "-m", "gan_jax.main", "--mode=evaluate", f"--workdir={folder}", f"--recipes={RECIPES}"),
        f"--compilation_cache={cache}",
    ]


def test_scores_do_not_depend_on_devices_and_processes(trained, environment, cache, together, tmp_path):
    folders = {name: shutil.copytree(trained, tmp_path / name) for name in ("one", "eight", "two")}
    config = folders["eight"] / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"mesh": {"data": -1, "fsdp": 4}}))  # a split state
    own = {"GAN_JAX_CACHE": str(tmp_path / "cache_{}")}
    for name, devices in (("one", 1), ("eight", 8)):
        variables = environment(devices, GAN_JAX_CACHE=own["GAN_JAX_CACHE"].format(name))
        done = subprocess.run(
            _command(folders[name], cache), env=variables, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
    first, second = together(_command(folders["two"], cache), GAN_JAX_CACHE=own["GAN_JAX_CACHE"].format("two"))
    assert "fd_digits" in first and "fd_digits" not in second  # one process speaks
    one, eight, two = (_scores(folders[name]) for name in ("one", "eight", "two"))
    assert len(one) == 9
    assert eight == pytest.approx(one, rel=2e-3, abs=2e-4)
    assert two == pytest.approx(one, rel=2e-3, abs=2e-4)
    assert len((folders["two"] / "scores.jsonl").read_text().splitlines()) == len(one)  # one process writes

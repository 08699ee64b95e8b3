"""A run in a bucket is what it is on a disk: killed, resumed, sampled, scored, and refused where it must be."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_jax.run.state import restore
from gan_jax.run.training import Training
from gan_jax.runtime.checkpoints.checkpoints import CheckpointError, CheckpointMisplaced
from gan_jax.runtime.lock import FolderInUse, holder
from gan_jax.runtime.storage import at
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError

pytestmark = pytest.mark.remote

SMALL = {
    "steps": 6,
    "batch_size": 8,
    "rounds_a_dispatch": 1,
    "generator.widths": (8,),
    "discriminator.widths": (8,),
    "optim.generator.learning_rate.transition_steps": 1000,
    "optim.discriminator.learning_rate.transition_steps": 1000,
    "log.every": 1,
    "log.samples_every": 3,
    "log.num_samples": 4,
    "checkpoint.every": 2,
}
KILLED = """
import os, signal, sys
from gan_jax.runtime.checkpoints import checkpoints
from gan_jax.runtime.checkpoints.in_a_bucket import RemoteFolders
seal = RemoteFolders.seal
def half(self, step):
    if step == 4:  # when some of its files are sent, and neither leaves.json nor the manifest
        here = self._stage() / "4"
        for file in sorted(path for path in here.rglob("*") if path.is_file() and path.parent != here)[:2]:
            (self.of(4) / file.relative_to(here)).send(file)
        os.kill(os.getpid(), signal.SIGKILL)
    seal(self, step)
RemoteFolders.seal = half
from gan_jax.main import main
main(sys.argv)
"""


def _flags():
    return [f"--config.{path}={value}" for path, value in SMALL.items()]


def _config(**changes):
    made = load_config("configs/gan_ring.py")
    with made.unlocked():
        for path, value in {**SMALL, **{key.replace("__", "."): value for key, value in changes.items()}}.items():
            *blocks, key = path.split(".")
            block = made
            for name in blocks:
                block = block[name]
            block[key] = value
    return made


def _lines(workdir):
    return [json.loads(line) for line in (at(workdir) / "metrics.jsonl").read_text().splitlines()]


def _played(workdir, until=None, **changes):
    with Training(_config(**changes), workdir) as run:
        run.play(until)
        return run.digest()


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """Of the run on a disk."""
    return _played(tmp_path_factory.mktemp("local") / "run")


def test_killed_while_a_checkpoint_is_sent_it_ends_in_the_local_runs_state(bucket, environment, digest):
    workdir = f"{bucket}/runs/ring"
    command = ["gan_jax", "train", "--config=configs/gan_ring.py", f"--workdir={workdir}", "--compilation_cache=none"]
    root = Path(__file__).resolve().parents[2]
    program = [sys.executable, "-c", KILLED, *command[1:], *_flags()]
    done = subprocess.run(program, env=environment, cwd=root, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
    left = at(workdir)
    assert (left / "checkpoints" / "2" / "manifest.json").is_file()
    assert (left / "checkpoints" / "4").is_dir() and not (left / "checkpoints" / "4" / "manifest.json").exists()
    assert (left / "lock.json").exists()  # of a dead process of this machine
    with Training(_config(), workdir) as run:
        assert run.step == 2
        run.play()
        assert run.digest() == digest
        run.sample(2)
    assert [line["step"] for line in _lines(workdir) if "d/adversarial" in line] == list(range(1, 7))
    assert _lines(workdir)[-1]["state_digest"] == digest
    assert not (left / "lock.json").exists()
    assert [path.name for path in (left / "checkpoints").iterdir()] == ["2", "4", "6"]
    pictures = {path.name for path in (left / "samples").iterdir()}
    assert pictures == {"real.png", "000000000.png", "000000003.png", "000000006.png"}
    assert list((left / "tensorboard").iterdir())
    assert restore(workdir).step == 6


def test_it_is_sampled_and_scored_by_the_commands(bucket, tmp_path):
    from gan_jax.main import main

    _played(f"{bucket}/run")
    for verb, *flags in (
        ("sample", "--num=8", f"--out={bucket}/drawn/grid.png"),
        ("sample", "--num=8", f"--out={tmp_path}/here.npz"),
        ("evaluate", "--recipes=modes"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["gan_jax", verb, f"--workdir={bucket}/run", "--compilation_cache=none", *flags])
        assert ended.value.code == 0
    assert Image.open((at(bucket) / "drawn" / "grid.png").open()).size[0] > 1
    assert len(np.load(tmp_path / "here.npz")["image"]) == 8
    assert len((at(bucket) / "run" / "scores.jsonl").read_bytes().splitlines()) >= 1
    assert (at(bucket) / "run" / "scores.png").is_file()


def test_a_second_start_is_refused_and_one_that_was_taken_over_stops(bucket):
    with Training(_config(), f"{bucket}/run") as run:
        run.play(2)
        assert holder(f"{bucket}/run").startswith("process ")
        with pytest.raises(FolderInUse, match="is open in this process"):
            Training(_config(), f"{bucket}/run")
        assert restore(f"{bucket}/run").step == 2
        lock = at(f"{bucket}/run/lock.json")
        lock.write_text(lock.read_text().replace('"token": "', '"token": "f'))
        with pytest.raises(FolderInUse, match="has taken over"):
            run.play()
    assert restore(f"{bucket}/run").step == 2


def test_a_damaged_checkpoint_is_passed_over_and_set_aside(bucket, digest, capsys):
    workdir = at(f"{bucket}/run")
    _played(workdir)
    damaged = max((workdir / "checkpoints" / "6" / "state").below(), key=lambda path: len(path.read_bytes()))
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert _played(workdir) == digest
    said = capsys.readouterr().err
    assert "checkpoints/6 is passed over, trying step 4" in said and "has changed since it was written" in said
    assert "is set aside as 6.damaged" in said
    assert (workdir / "checkpoints" / "6.damaged" / "manifest.json").is_file()
    assert restore(workdir).step == 6


def test_what_is_gone_swapped_or_anothers_is_refused(bucket):
    workdir = at(f"{bucket}/run")
    _played(workdir)
    with pytest.raises(ConfigError, match="another config's run"):
        Training(_config(seed=7), workdir)
    (workdir / "checkpoints" / "4").rename(workdir / "checkpoints" / "5")
    (workdir / "checkpoints" / "6").rename(workdir / "aside")
    with pytest.raises(CheckpointMisplaced, match="holds the checkpoint of step 4"):
        Training(_config(), workdir)
    (workdir / "checkpoints").rmtree()
    with pytest.raises(CheckpointError, match="no checkpoint is there any more"):
        Training(_config(), workdir)
    assert not (workdir / "lock.json").exists()


def test_a_folder_that_is_removed_ends_the_run(bucket):
    workdir = at(f"{bucket}/run")
    with Training(_config(), workdir) as run:
        run.play(2)
        (workdir / "config.json").unlink()
        with pytest.raises(FileNotFoundError, match=r"config.json is gone"):
            run.play()


def test_a_store_that_is_away_for_a_while_is_waited_for(gate, bucket, digest, capsys):
    with Training(_config(), f"{bucket}/run") as run:
        run.play(2)
        gate.close(8)
        run.play()
        assert gate.is_open and run.digest() == digest
    said = capsys.readouterr().err
    if bucket.startswith("s3"):  # gcsfs itself asks again for half a minute, and says nothing
        assert "does not answer" in said and "asking again, for up to" in said and "answers again, after" in said
    assert restore(f"{bucket}/run").step == 6
    assert [line["step"] for line in _lines(f"{bucket}/run") if "d/adversarial" in line] == list(range(1, 7))

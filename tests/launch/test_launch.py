"""The launch scripts: sound shell, honest dry runs, the right words to the right commands."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gan_jax.planning.machines import TPUS, parse_topology

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = ROOT / "launch"
SCRIPTS = sorted([*LAUNCH.glob("*.sh"), LAUNCH / "slurm.sbatch"])
COMMANDS = ("gcloud", "kubectl", "sbatch", "srun", "scancel", "scontrol", "git", "sudo", "gcsfuse")
SLICE = ("--name=g", "--zone", "z-a", "--project=p")
RUN = ("--config=configs/a.py", "--workdir=/mnt/gan_jax/a")
POD = ("--image=eu/x:1", "--accelerator=tpu-v5-lite-podslice", "--topology=4x8", *RUN, "--bucket=b")

linux = pytest.mark.skipif(sys.platform != "linux", reason="what it starts runs on Linux only")


class Machine:
    """A machine whose cloud commands are fakes that write down how they were called."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.calls_file = folder / "calls"
        self.home = folder / "home"
        (folder / "bin").mkdir()
        self.home.mkdir()
        for command in COMMANDS:
            self.fake(command)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GAN_JAX_", "SLURM_"))}
        self.environment = kept | {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(self.home), "FAKE": str(folder)}

    def fake(self, command: str, body: str = "") -> None:
        self.script(
            self.folder / "bin" / command,
            f'{{ printf "%s\\037" {command} "$@"; printf "\\036"; }} >>"$FAKE/calls"\n{body}',
        )

    def script(self, path: Path, body: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def calls(self) -> list[list[str]]:
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        return [call.split("\037")[:-1] for call in text.split("\036")[:-1]]

    def start(self, script: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", str(LAUNCH / script), *words],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, *words: str, code: int = 0, **environment: str) -> str:
        process = self.start(script, *words, **environment)
        self.out, self.err = process.communicate(timeout=20)
        assert process.returncode == code, (process.returncode, self.out, self.err)
        return self.out

    def lines(self, script: str, *words: str, **environment: str) -> list[list[str]]:
        """The commands of a dry run, as the shell would read them."""
        end = words.index("--") if "--" in words else len(words)
        out = self.run(script, *words[:end], "--dry-run", *words[end:], code=0, **environment)
        return [shlex.split(line) for line in out.splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def remote(call: list[str]) -> list[str]:
    """The words that the machine at the other end of `tpu-vm ssh` reads."""
    (command,) = [word for word in call if word.startswith("--command=")]
    return shlex.split(command.removeprefix("--command="))


# -- sound shell ------------------------------------------------------------------------------------------------------


def test_shellcheck():
    beside = Path(sys.executable).with_name("shellcheck")
    shellcheck = str(beside) if beside.exists() else shutil.which("shellcheck")
    assert shellcheck, 'no shellcheck: pip install -e ".[test]" brings it'
    result = subprocess.run([shellcheck, "--external-sources", *map(str, SCRIPTS)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_bash_reads_it(script: Path):
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_yaml_parses():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert all(hook["language"] == "system" for repo in hooks for hook in repo["hooks"])  # nothing is fetched
    assert [repo["repo"] for repo in hooks] == ["local"]


@pytest.mark.parametrize("name", ["tpu_vm.sh", "tpu_worker.sh", "gke.sh", "gpu_machine.sh", "slurm.sbatch"])
def test_help_and_strangers(machine: Machine, name: str):
    assert name.split(".")[0] in machine.run(name, "--help") or "sbatch" in machine.out
    assert "set -e" not in machine.out
    verb = {"tpu_vm.sh": ["status"], "tpu_worker.sh": ["status"], "gke.sh": ["status"]}.get(name, [])
    machine.run(name, *verb, "--nmae=x", code=2)
    assert "unknown flag --nmae" in machine.err
    machine.run(name, *verb, "--config", code=2)
    assert "--config needs a value" in machine.err
    machine.run(name, *verb, "--dry-run=yes", code=2)
    machine.run(name, *verb, "--dry-run", "stray", code=2)
    assert "stray" in machine.err
    if verb:
        machine.run(name, "launch", code=2)
        assert "unknown verb 'launch'" in machine.err
    assert machine.calls() == []


@pytest.mark.parametrize(
    ("script", "words", "flag"),
    [
        ("tpu_vm.sh", ["status", "--zone=z", "--project=p"], "--name"),
        ("tpu_vm.sh", ["status", "--name=g", "--project=p"], "--zone"),
        ("tpu_vm.sh", ["status", "--name=g", "--zone=z"], "--project"),
        ("tpu_vm.sh", ["create", *SLICE], "--type"),
        ("tpu_vm.sh", ["create", *SLICE, "--type=v99-8"], "--runtime"),
        ("tpu_vm.sh", ["create", *SLICE, "--topology=v3:8"], "--topology"),
        ("tpu_vm.sh", ["create", *SLICE, "--topology=v3:8x"], "--topology"),
        ("tpu_vm.sh", ["create", *SLICE, "--topology=v9:2x2"], "--topology"),
        ("tpu_vm.sh", ["plan", *RUN], "--topology"),
        ("tpu_vm.sh", ["whole", *SLICE, *RUN, "--topology=v3:2x2"], "--bucket"),
        ("tpu_vm.sh", ["train", *SLICE, "--workdir=/w"], "--config"),
        ("tpu_vm.sh", ["resume", *SLICE, "--config=c"], "--workdir"),
        ("tpu_vm.sh", ["watch", *SLICE, *RUN, "--type=v3-8"], "--bucket"),
        ("tpu_vm.sh", ["train", *SLICE, "--config=c", "--workdir=gs://b/a"], "--type"),
        ("tpu_vm.sh", ["train", *SLICE, "--config=c", "--workdir=gs://b/a", "--type=v3-128"], "--workdir"),
        ("tpu_vm.sh", ["train", *SLICE, "--config=c", "--workdir=gs://b/a", "--type=v3-8", "--bucket=b"], "--bucket"),
        ("tpu_vm.sh", ["train", *SLICE, "--config=c", "--workdir=/elsewhere", "--bucket=b"], "--mount"),
        ("tpu_worker.sh", ["train", "--workdir=/w"], "--config"),
        ("gke.sh", ["status"], "--name"),
        ("gke.sh", ["apply", "--name=g", *POD[1:]], "--image"),
        ("gke.sh", ["apply", "--name=g", *POD, "--topology=4x"], "--topology"),
        ("gke.sh", ["apply", "--name=g", *POD, "--chips-per-host=5"], "--chips-per-host"),
        ("gke.sh", ["apply", "--name=g", *POD, "--max-restarts=many"], "--max-restarts"),
        ("gke.sh", ["apply", "--name=g", *POD, "--workdir=/tmp/a"], "--workdir"),
        ("slurm.sbatch", ["--workdir=/w"], "--config"),
        ("gpu_machine.sh", ["--config=c"], "--workdir"),
    ],
)
def test_an_error_names_the_flag_and_runs_nothing(machine: Machine, script: str, words: list[str], flag: str):
    for dry in ([], ["--dry-run"]):
        machine.run(script, *words, *dry, code=2)
        assert flag in machine.err
    assert machine.calls() == []


# -- tpu_vm.sh --------------------------------------------------------------------------------------------------------


def test_tpu_dry_run_prints_what_it_would_run(machine: Machine):
    words = (*SLICE, "--type=v3-128", "--spot", *RUN, "--bucket=b", "--data=gs://b/data")
    where = ["--project=p", "--zone=z-a"]
    (create,) = machine.lines("tpu_vm.sh", "create", *words)
    assert create == [
        *("gcloud", "compute", "tpus", "queued-resources", "create", "g", "--node-id=g", "--accelerator-type=v3-128"),
        *("--runtime-version=tpu-ubuntu2204-base", "--spot", *where),
    ]
    (without_spot,) = machine.lines("tpu_vm.sh", "create", *SLICE, "--type=v5litepod-16")
    assert "--spot" not in without_spot and "--runtime-version=v2-alpha-tpuv5-lite" in without_spot
    (delete,) = machine.lines("tpu_vm.sh", "delete", *words)
    assert delete == ["gcloud", "compute", "tpus", "queued-resources", "delete", "g", "--force", "--quiet", *where]

    describe, archive, send, _, unpack, install = machine.lines("tpu_vm.sh", "setup", *words)
    assert describe[3:6] == ["queued-resources", "describe", "g"]
    assert archive[:1] == ["git"] and archive[-1] == "HEAD" and "--prefix=gan_jax_src/" in archive
    assert send[3:5] == ["tpu-vm", "scp"] and "g:gan_jax_src.tar.gz" in send and "--worker=all" in send
    assert remote(unpack) == ["bash", "-c", "rm -rf gan_jax_src && tar -xzf gan_jax_src.tar.gz"]
    worker = ["bash", "gan_jax_src/launch/tpu_worker.sh"]
    assert remote(install) == [*worker, "setup", "--bucket=b", "--mount=/mnt/gan_jax", "--data=gs://b/data"]

    awkward = """--config.note=it's "5 > 3" & $HOME"""
    (train,) = machine.lines("tpu_vm.sh", "train", *words, "--", awkward)
    assert "--worker=all" in train
    assert remote(train) == [*worker, "train", *RUN, "--bucket=b", "--mount=/mnt/gan_jax", "--", awkward]
    assert machine.lines("tpu_vm.sh", "resume", *words, "--", awkward) == [train]
    (sample,) = machine.lines("tpu_vm.sh", "run", *words, "--", "--mode=sample", "--num=64")
    assert remote(sample)[2] == "run" and remote(sample)[-3:] == ["--", "--mode=sample", "--num=64"]
    (stop,) = machine.lines("tpu_vm.sh", "stop", *words)
    assert remote(stop) == [*worker, "stop"]
    assert [line[3:5] for line in machine.lines("tpu_vm.sh", "status", *words)] == [
        ["queued-resources", "describe"],
        ["tpu-vm", "ssh"],
        ["tpu-vm", "ssh"],
    ]
    watch = machine.lines("tpu_vm.sh", "watch", *words)
    assert [line for line in watch if "delete" in line or "create" in line] == [delete, create]
    assert remote(watch[-1])[2] == "train"
    assert machine.calls() == []  # nothing ran, not even git


def test_a_slice_of_one_machine_trains_in_a_bucket_that_is_not_mounted(machine: Machine):
    words = (*SLICE, "--type=v3-8", "--config=c", "--workdir=gs://b/run")
    worker = ["bash", "gan_jax_src/launch/tpu_worker.sh"]
    (train,) = machine.lines("tpu_vm.sh", "train", *words)
    assert remote(train) == [*worker, "train", "--config=c", "--workdir=gs://b/run"]
    assert remote(machine.lines("tpu_vm.sh", "setup", *words)[-1]) == [*worker, "setup"]
    assert remote(machine.lines("tpu_vm.sh", "watch", *words)[-1])[2] == "train"


def test_tpu_flags_from_the_environment(machine: Machine):
    environment = {"GAN_JAX_NAME": "e", "GAN_JAX_ZONE": "z-a", "GAN_JAX_PROJECT": "p", "GAN_JAX_TYPE": "v3-8"}
    (create,) = machine.lines("tpu_vm.sh", "create", **environment)
    assert create[5] == "e"
    (create,) = machine.lines("tpu_vm.sh", "create", "--name=g", GAN_JAX_SPOT="1", **environment)
    assert create[5] == "g" and "--spot" in create  # a flag wins


def test_tpu_runs_what_the_dry_run_prints(machine: Machine):
    words = (*SLICE, "--type=v3-128", *RUN, "--bucket=b")
    for verb in ("create", "train", "stop", "delete"):
        rest = ("--", "--config.note=two words") if verb == "train" else ()
        expected = [shlex.split(machine.run("tpu_vm.sh", verb, *words, "--dry-run", *rest))]
        before = len(machine.calls())
        machine.run("tpu_vm.sh", verb, *words, *rest)
        assert machine.calls()[before:] == expected


@pytest.mark.parametrize(
    ("topology", "kind"),
    [
        ("v3:8x8", "v3-128"),
        ("v4:4x4x4", "v4-128"),
        ("v5p:2x2x1", "v5p-8"),
        ("v5e:4x4", "v5litepod-16"),
        ("v6e:2x2", "v6e-4"),
    ],
)
def test_a_topology_says_the_type(machine: Machine, topology: str, kind: str):
    (create,) = machine.lines("tpu_vm.sh", "create", *SLICE, f"--topology={topology}")
    assert f"--accelerator-type={kind}" in create


@pytest.mark.parametrize(
    ("verb", "topology"),
    [("create", "v3:3x5"), ("create", "v3:8x4"), ("create", "v4:2x2"), ("create", "v5e:32x32"), ("whole", "v4:4x4x16")],
)
def test_a_slice_that_does_not_exist_is_refused_before_anything_is_sent(machine: Machine, verb: str, topology: str):
    machine.fake("planner")
    words = (*SLICE, *RUN, "--bucket=b", "--python=planner", f"--topology={topology}")
    machine.run("tpu_vm.sh", verb, *words, code=2)
    assert (
        f"--topology={topology} does not exist: a slice of {topology[: topology.index(':')]} is one of " in machine.err
    )
    kinds = {"v3": "tpu-v3-slice", "v4": "tpu-v4-podslice", "v5e": "tpu-v5-lite-podslice"}
    kind, sides = topology.split(":")
    machine.run("gke.sh", "apply", "--name=g", *POD, f"--accelerator={kinds[kind]}", f"--topology={sides}", code=2)
    assert f"--topology={sides} does not exist" in machine.err
    assert machine.calls() == []


def test_what_is_planned_is_what_is_rented(machine: Machine):
    machine.fake("planner")
    words = (*SLICE, *RUN, "--bucket=b", "--python=planner", "--topology=v3:8x8")
    for verb in ("create", "whole", "watch"):
        machine.run("tpu_vm.sh", verb, *words, code=2, GAN_JAX_TYPE="v3-8")
        assert (
            "--type=v3-8 (exported as GAN_JAX_TYPE) is another machine than --topology=v3:8x8, which is v3-128"
            in machine.err
        )
    machine.run("tpu_vm.sh", "create", *words, "--type=v3-32", code=2)
    assert machine.calls() == []
    (create,) = machine.lines("tpu_vm.sh", "create", *words, GAN_JAX_TYPE="v3-128")
    assert "--accelerator-type=v3-128" in create
    (create,) = machine.lines("tpu_vm.sh", "create", *SLICE, "--topology=v5e:4x4", "--type=v5lite-16")
    assert "--accelerator-type=v5lite-16" in create
    machine.run("tpu_vm.sh", "plan", *words, GAN_JAX_TYPE="v3-8")  # a plan costs nothing, and may be of any machine
    assert "is another machine" in machine.err and machine.calls()[-1][0] == "planner"
    machine.run("tpu_vm.sh", "plan", *words[:-1], "--topology=v3:8x8,v4:4x4x4@512", GAN_JAX_TYPE="v3-8")


def test_every_slice_can_be_planned():
    script = f'. {LAUNCH}/topologies.sh; for kind in v2 v3 v4 v5e v5p v6e; do echo "$kind" $(slices_of "$kind"); done'
    listed = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    kinds = {line.split()[0]: line.split()[1:] for line in listed}
    assert tuple(kinds) == TPUS
    for kind, slices in kinds.items():
        for sides in slices:
            assert parse_topology(f"{kind}:{sides}").kind == kind
            numbers = [*map(int, sides.split("x"))]
            assert len(numbers) == (3 if kind in ("v4", "v5p") else 2)
            assert numbers == sorted(numbers) or sides == "2x2x1"


def test_an_accelerator_that_is_not_known_is_not_checked(machine: Machine):
    machine.run("gke.sh", "apply", "--name=g", *POD, "--accelerator=tpu9x", "--topology=4x12", "--dry-run")
    assert "--accelerator=tpu9x is not known here" in machine.err


def test_a_tilde_is_the_home_folder(machine: Machine):
    train = machine.lines("gpu_machine.sh", "--config=~/c.py", "--workdir=~/w", f"--venv={machine.folder}/v")[-1]
    assert train[-2:] == [f"--config={machine.home}/c.py", f"--workdir={machine.home}/w"]
    lines = machine.lines("tpu_worker.sh", "train", "--config=c", "--workdir=~/w")
    assert ["mkdir", "-p", f"{machine.home}/gan_jax_run", f"{machine.home}/w"] in lines
    (train,) = machine.lines("tpu_vm.sh", "train", *SLICE, "--config=c", "--workdir=~/w")
    assert "--workdir=~/w" in remote(train)  # of the home there


SCRIPTED_GCLOUD = """
next() { head -n 1 "$FAKE/$1"; sed -i 1d "$FAKE/$1"; }
case "$*" in
  *"queued-resources describe"*) next states ;;
  *"tpu-vm describe"*) echo READY ;;
  *"tpu_worker.sh status"*) next words ;;
esac
"""


def watch(
    machine: Machine, states: list[str], words: list[str], *flags: str, code: int = 0, verb: str = "watch"
) -> list[str]:
    """What `watch` did, in words, when the slice and the program said this."""
    machine.fake("gcloud", SCRIPTED_GCLOUD)
    for name, answers in (("states", states), ("words", words)):
        (machine.folder / name).write_text("".join(f"{answer}\n" for answer in answers))
    machine.run("tpu_vm.sh", verb, *SLICE, "--topology=v3:2x2", *RUN, "--bucket=b", "--every=0", *flags, code=code)
    done = []
    for call in machine.calls():
        if "queued-resources" in call and call[4] != "describe":
            done.append(call[4])
        elif call[0] == "planner":
            done.append("plan")
        elif "ssh" in call and "tpu_worker.sh" in remote(call)[1] and remote(call)[2] != "status":
            done.append(remote(call)[2])
    return done


def test_watch_replaces_a_preempted_slice(machine: Machine):
    states = ["ACTIVE", "SUSPENDED", "WAITING_FOR_RESOURCES", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"]
    done = watch(machine, states, ["running", "running", "finished"], "--delete-when-finished")
    assert done == ["delete", "create", "setup", "train", "delete"]


def test_whole_plans_creates_trains_and_deletes(machine: Machine):
    machine.fake("planner")
    states = ["WAITING_FOR_RESOURCES", "ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", *4 * ["ACTIVE"]]
    words = ["absent", "running", "running", "finished"]
    done = watch(machine, states, words, "--python=planner", verb="whole")
    assert done == ["plan", "create", "setup", "train", "delete", "create", "setup", "train", "delete"]
    (plan,) = [call for call in machine.calls() if call[0] == "planner"]
    assert plan[1:] == ["-m", "gan_jax.main", "--mode=plan", "--config=configs/a.py", "--topology=v3:2x2"]


@pytest.mark.parametrize(("status", "says"), [(3, "does not fit"), (1, "no plan could be made")])
def test_whole_creates_nothing_that_the_plan_refuses(machine: Machine, status: int, says: str):
    machine.fake("planner", f"exit {status}")
    assert watch(machine, [], [], "--python=planner", verb="whole", code=2) == ["plan"]
    assert says in machine.err and "nothing was created" in machine.err


def test_watch_gives_up(machine: Machine):
    done = watch(machine, ["ACTIVE"] * 9, ["failed"] * 9, "--max-restarts=2", code=2)
    assert done == ["stop", "train"] * 2 and "--max-restarts=2" in machine.err


def test_watch_leaves_a_stopped_run_alone(machine: Machine):
    assert watch(machine, ["ACTIVE"], ["stopped"]) == [] and "still costs" in machine.err


def test_watch_does_not_train_where_setup_failed(machine: Machine):
    machine.fake("git", 'case "$*" in *archive*) exit 1 ;; esac')
    done = watch(machine, ["SUSPENDED", "ACTIVE", "ACTIVE"], ["stopped"])
    assert done == ["delete", "create"]


# -- tpu_worker.sh and interruptible.sh -------------------------------------------------------------------------------

PROGRAM = """
trap 'echo saved; exit 0' TERM
printf '<%s>' "$@"; echo
case "$*" in *crash*) exit 3 ;; esac
while :; do sleep 0.05; done
"""


def test_worker_setup_dry_run(machine: Machine):
    lines = machine.lines("tpu_worker.sh", "setup", "--bucket=b", "--data=gs://b/data", "--data-dir=/d")
    assert lines[0][:4] == ["python3", "-m", "pip", "install"]
    assert [f"{ROOT}[gs,tpu]" in line for line in lines[:3]] == [False, False, True]
    (mount,) = [line for line in lines if line[0] == "gcsfuse"]
    assert mount[-2:] == ["b", "/mnt/gan_jax"] and "--metadata-cache-ttl-secs=0" in mount
    assert lines[-1] == ["gcloud", "storage", "rsync", "--recursive", "gs://b/data", "/d"]
    assert machine.calls() == []


@linux
def test_worker_starts_stops_and_tells(machine: Machine):
    machine.script(machine.home / "gan_jax_env" / "bin" / "python", PROGRAM)
    train = ("train", "--config=c", f"--workdir={machine.folder}/w")
    log = machine.home / "gan_jax_run" / "log.txt"

    def status() -> str:
        return machine.run("tpu_worker.sh", "status").strip()

    assert status() == "absent"
    machine.run("tpu_worker.sh", *train, "--", "--config.note=two words")
    until(lambda: log.exists() and "<--config.note=two words>" in log.read_text())
    assert "<-m><gan_jax.main><--config=c>" in log.read_text() and status() == "running"
    machine.run("tpu_worker.sh", *train)
    assert "already running" in machine.err
    machine.run("tpu_worker.sh", "run", "--config=c", "--workdir=w", code=2)
    machine.run("tpu_worker.sh", "stop", "--patience=8")
    assert log.read_text().endswith("saved\n") and status() == "stopped"

    machine.run("tpu_worker.sh", *train)
    until(lambda: log.read_text().count("<-m>") == 2)
    os.kill(int((machine.home / "gan_jax_run" / "pid").read_text()), signal.SIGTERM)  # as the system does at its end
    until(lambda: status() == "interrupted")
    machine.run("tpu_worker.sh", *train, "--", "crash")
    until(lambda: status() == "failed")
    assert "saved" in machine.run("tpu_worker.sh", "status", "--lines=2")


@linux
def test_worker_ends_a_program_that_hangs(machine: Machine):
    machine.script(
        machine.home / "gan_jax_env" / "bin" / "python", "trap : TERM; echo deaf\nwhile :; do sleep 0.05; done"
    )
    machine.run("tpu_worker.sh", "train", "--config=c", f"--workdir={machine.folder}/w")
    until(lambda: "deaf" in (machine.home / "gan_jax_run" / "log.txt").read_text())
    machine.run("tpu_worker.sh", "stop", "--patience=0", code=2)
    machine.run("tpu_worker.sh", "stop", "--patience=0", "--kill")
    assert machine.run("tpu_worker.sh", "status").strip() == "interrupted"


def test_interruptible_tells_what_it_is_and_takes_no_other_flag(machine: Machine):
    for flag in ("--help", "-h"):
        assert machine.run("interruptible.sh", flag).startswith("interruptible.sh [--exit-code-file=FILE] COMMAND...")
        assert "set -u" not in machine.out
    machine.run("interruptible.sh", "--exitcode-file=x", "true", code=2)
    assert "unknown flag --exitcode-file=x" in machine.err
    machine.run("interruptible.sh", code=2)


def test_interruptible_keeps_the_commands_own_code(machine: Machine):
    machine.run("interruptible.sh", "bash", "-c", "exit 5", code=5)
    machine.run("interruptible.sh", f"--exit-code-file={machine.folder}/code", "true")
    assert (machine.folder / "code").read_text() == "0\n"


def test_interruptible_tells_saved_from_finished(machine: Machine):
    machine.script(machine.folder / "program", PROGRAM)
    process = machine.start("interruptible.sh", str(machine.folder / "program"), "x")
    assert process.stdout is not None and process.stdout.readline() == "<x>\n"
    process.terminate()
    out, _ = process.communicate(timeout=8)
    assert out == "saved\n" and process.returncode == 143


# -- gke.sh -----------------------------------------------------------------------------------------------------------


def jobset(text: str) -> tuple[dict, dict]:
    manifest = yaml.safe_load(text)
    (job,) = manifest["spec"]["replicatedJobs"]
    return manifest, job["template"]["spec"]


def test_gke_dry_run_prints_a_manifest(machine: Machine):
    awkward = """--config.note=it's "5 > 3" & \\ | $HOME #"""
    out = machine.run("gke.sh", "apply", "--name=g", *POD, "--spot", "--dry-run", "--", awkward, "--config.seed=1")
    first, apply, text = out.split("\n", 2)
    assert first == "kubectl delete jobset g --namespace=default --ignore-not-found --wait"
    assert apply.startswith("kubectl apply --filename=-")
    manifest, job = jobset(text.removesuffix("MANIFEST\n"))
    assert manifest["kind"] == "JobSet" and manifest["metadata"]["name"] == "g"
    assert job["parallelism"] == job["completions"] == 8  # 4 x 8 chips, 4 a machine
    pod = job["template"]["spec"]
    assert pod["nodeSelector"] == {
        "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
        "cloud.google.com/gke-tpu-topology": "4x8",
        "cloud.google.com/gke-spot": "true",
    }
    (container,) = pod["containers"]
    assert container["args"] == [*RUN, awkward, "--config.seed=1"]
    assert container["resources"]["limits"] == {"google.com/tpu": 4}
    assert pod["volumes"][0]["csi"]["volumeAttributes"]["bucketName"] == "b"
    assert "@" not in text
    assert machine.calls() == []


def test_gke_applies_what_it_prints(machine: Machine):
    machine.fake("kubectl", 'case "$1" in apply) cat >"$FAKE/manifest" ;; esac')
    printed = machine.run("gke.sh", "apply", "--name=g", *POD, "--dry-run")
    machine.run("gke.sh", "apply", "--name=g", *POD)
    assert [call[:3] for call in machine.calls()] == [
        ["kubectl", "delete", "jobset"],
        ["kubectl", "apply", "--filename=-"],
    ]
    text = (machine.folder / "manifest").read_text()
    assert text in printed
    _, job = jobset(text)
    assert "cloud.google.com/gke-spot" not in job["template"]["spec"]["nodeSelector"]
    assert len(job["template"]["spec"]["containers"][0]["args"]) == 2
    for verb in ("status", "logs", "delete"):
        expected = shlex.split(machine.run("gke.sh", verb, "--name=g", "--dry-run"))
        machine.run("gke.sh", verb, "--name=g")
        assert machine.calls()[-1] == expected


# -- slurm.sbatch -----------------------------------------------------------------------------------------------------


def test_slurm_dry_run(machine: Machine):
    change, step = machine.lines("slurm.sbatch", *RUN, "--venv=/v")
    assert change == ["cd", str(ROOT)]
    assert step[0] == "srun" and "--gpu-bind=none" in step
    assert step[3:] == ["/v/bin/python", "-m", "gan_jax.main", *RUN]
    header = (LAUNCH / "slurm.sbatch").read_text()
    assert "#SBATCH --signal=B:TERM@120\n" in header and "#SBATCH --requeue\n" in header
    assert machine.calls() == []


def test_slurm_saves_and_queues_again(machine: Machine):
    machine.script(machine.folder / "venv" / "bin" / "python", "")
    machine.fake("srun", """trap 'echo saved; exit 0' TERM; echo $$ >"$FAKE/pid"; while :; do sleep 0.05; done""")
    machine.fake("scancel", 'kill -TERM "$(cat "$FAKE/pid")"')
    flags = (*RUN, f"--venv={machine.folder}/venv", "--", "--config.note=two words")
    process = machine.start("slurm.sbatch", *flags, SLURM_JOB_ID="42", SLURM_SUBMIT_DIR=str(ROOT))
    until(lambda: (machine.folder / "pid").exists() and (machine.folder / "pid").read_text())
    process.terminate()
    out, err = process.communicate(timeout=8)
    assert process.returncode == 0, err
    step, cancel, requeue = machine.calls()
    assert step[-3:] == [*RUN, "--config.note=two words"] and "saved" in out
    assert cancel == ["scancel", "--signal=TERM", "42"] and requeue == ["scontrol", "requeue", "42"]


def test_slurm_does_not_queue_a_crash_again(machine: Machine):
    machine.script(machine.folder / "venv" / "bin" / "python", "")
    machine.fake("srun", "exit 3")
    where = {"SLURM_JOB_ID": "42", "SLURM_SUBMIT_DIR": str(ROOT)}
    machine.run("slurm.sbatch", *RUN, f"--venv={machine.folder}/venv", code=3, **where)
    machine.run("slurm.sbatch", *RUN, code=2, **(where | {"SLURM_SUBMIT_DIR": "/tmp"}))
    assert "root of the checkout" in machine.err
    assert [call[0] for call in machine.calls()] == ["srun"]


# -- gpu_machine.sh ---------------------------------------------------------------------------------------------------


def test_gpu_machine_dry_run(machine: Machine):
    venv = f"{machine.folder}/v"
    make, install, check, _, train = machine.lines("gpu_machine.sh", *RUN, f"--venv={venv}", "--", "--config.seed=1")
    assert make == ["python3", "-m", "venv", venv]
    assert install[-1] == f"{ROOT}[cuda]" and check[:2] == [f"{venv}/bin/python", "-c"]
    assert train[-5:] == ["-m", "gan_jax.main", *RUN, "--config.seed=1"]
    assert not Path(venv).exists()


FLAKY = """
[ "$1" = -c ] && exit "${NO_GPU:-0}"
echo x >>"$FAKE/starts"
[ "$(grep -c x "$FAKE/starts")" -gt 2 ] || exit 3
"""


def test_gpu_machine_restarts_after_a_crash(machine: Machine):
    machine.script(machine.folder / "v" / "bin" / "python", FLAKY)
    words = (*RUN, f"--venv={machine.folder}/v", "--skip-install", "--pause=0")
    machine.run("gpu_machine.sh", *words, "--max-restarts=1", code=2)
    assert "giving up" in machine.err
    (machine.folder / "starts").unlink()
    machine.run("gpu_machine.sh", *words)
    assert (machine.folder / "starts").read_text() == "x\n" * 3
    machine.run("gpu_machine.sh", *words, code=2, NO_GPU="1")
    assert "JAX sees no GPU" in machine.err


def test_gpu_machine_passes_term_on(machine: Machine):
    machine.script(machine.folder / "v" / "bin" / "python", f'[ "$1" = -c ] && exit\n{PROGRAM}')
    process = machine.start("gpu_machine.sh", *RUN, f"--venv={machine.folder}/v", "--skip-install")
    assert process.stdout is not None and process.stdout.readline().startswith("<-m>")
    process.terminate()
    out, _ = process.communicate(timeout=8)
    assert out == "saved\n" and process.returncode == 143


# -- Dockerfile -------------------------------------------------------------------------------------------------------


def test_dockerfile_starts_the_program_through_interruptible():
    text = (LAUNCH / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["bash", "launch/interruptible.sh", "python", "-m", "gan_jax.main"]' in text
    assert "launch" not in (LAUNCH / "Dockerfile.dockerignore").read_text()

"""Trackers of experiments: what they are told, and that a run never depends on them."""

import json

import numpy as np
import pytest

from gan_jax.runtime.writers import trackers
from gan_jax.runtime.writers.trackers import ENTRIES, Trackers
from gan_jax.setup.blocks import TRACKERS, Log

GRID = np.zeros((8, 8, 1), np.uint8)


class Listener:
    """A tracker that remembers what it is told."""

    def __init__(self, workdir, config):
        self.entry, self.config, self.told = trackers._entry(workdir, "listener", lambda: "first"), config, []
        LISTENERS.append(self)

    def scalars(self, step, values):
        self.told.append((step, dict(values)))
        if 666 in values.values():
            raise RuntimeError("no network")

    def image(self, step, name, image):
        self.told.append((step, name, image.shape))

    def close(self):
        self.told.append("closed")


LISTENERS = []


@pytest.fixture
def listening(monkeypatch):
    LISTENERS.clear()
    monkeypatch.setitem(trackers.TRACKERS, "listener", Listener)
    monkeypatch.setattr(trackers, "_require", lambda name: None)


def test_numbers_pictures_and_the_config_arrive(listening, tmp_path):
    written = Trackers(("listener",), tmp_path, {"steps": 3, "optim": {"generator": {"b1": 0.5}}})
    written.scalars(2, {"d/loss": np.float32(0.25), "note": "text", "none": None, "nan": float("nan"), "zero": 0})
    written.image(2, "samples", GRID)
    written.close()
    written.scalars(3, {"late": 1.0})
    (listener,) = LISTENERS
    assert listener.config == {"steps": 3, "optim.generator.b1": 0.5}
    assert listener.told == [(2, {"d/loss": 0.25, "zero": 0.0}), (2, "samples", (8, 8, 1)), "closed"]


def test_a_run_that_starts_again_goes_on_in_its_entry(listening, tmp_path):
    Trackers(("listener",), tmp_path, {})
    (tmp_path / ENTRIES).write_text(json.dumps({"listener": "kept"}))
    Trackers(("listener",), tmp_path, {})
    assert [each.entry for each in LISTENERS] == ["first", "kept"]


def test_one_that_fails_is_told_of_once_and_the_run_goes_on(listening, tmp_path, capsys):
    written = Trackers(("listener",), tmp_path, {})
    for value in (1.0, 666, 2.0, 666):
        written.scalars(1, {"x": value})
    written.image(1, "samples", GRID)
    told = capsys.readouterr().err
    assert told.count("no network") == 1 and "the run goes on without; metrics.jsonl" in told
    assert len(LISTENERS[0].told) == 2


def test_one_that_is_not_installed_is_an_error_before_anything_is_written(monkeypatch, tmp_path):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(trackers.importlib, "import_module", missing)
    with pytest.raises(ImportError, match="log.trackers names wandb.*pip install wandb, or leave it out"):
        Trackers(("wandb",), tmp_path, {})
    assert not list(tmp_path.iterdir())


def test_the_config_takes_those_that_there_are():
    assert tuple(trackers.TRACKERS) == TRACKERS and Log(trackers=("mlflow",)).trackers == ("mlflow",)
    for wrong in (("tensorbord",), "wandb", ["wandb"]):
        with pytest.raises(ValueError, match=r"log.trackers is a tuple of wandb, mlflow, not"):
            Log(trackers=wrong)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TRACKERS)
def test_the_real_ones_write_into_the_work_folder(name, tmp_path, monkeypatch):
    pytest.importorskip(name)
    for variable in ("WANDB_MODE", "WANDB_PROJECT", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(variable, raising=False)
    for start in range(2):
        written = Trackers((name,), tmp_path, {"steps": 3})
        written.scalars(5 + start, {"d/loss": 0.25})
        written.image(5 + start, "samples", GRID)
        written.image(5 + start, "colour", GRID.repeat(3, -1))
        written.close()
    entry = json.loads((tmp_path / ENTRIES).read_text())[name]
    if name == "wandb":
        assert len(list(tmp_path.glob(f"wandb/offline-run-*-{entry}/*.wandb"))) == 2
        return
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    assert [(each.step, each.value) for each in client.get_metric_history(entry, "d/loss")] == [(5, 0.25), (6, 0.25)]
    assert client.get_run(entry).data.params == {"steps": "3"}
    assert {file.path for file in client.list_artifacts(entry)} == {"samples", "colour"}

"""Trackers of experiments that a run also writes to, where its user has them: Weights & Biases and MLflow.

Both are optional (the extras wandb and mlflow of pyproject.toml) and write into the work folder unless their own variables
name a server: WANDB_MODE=online, MLFLOW_TRACKING_URI. A run that is resumed goes on in the same entry.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import is_remote
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.dispensable import Dispensable

ENTRIES = "trackers.json"  # in the work folder: the entry of each tracker that this run is


class Tracker(Protocol):
    """What a run says to one."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None: ...

    def image(self, step: int, name: str, image: np.ndarray) -> None: ...

    def close(self) -> None: ...


class Trackers:
    """Several of them at once. Only process 0 writes. One that fails is told of once, and the run goes on without it.

    names: of TRACKERS. config: what the run is, nested; it is written once. Raises ImportError, with the command that installs
    it, for one whose package is not there, and ValueError for one that cannot write where the work folder is.
    """

    def __init__(self, names: Sequence[str], workdir: Path, config: Mapping[str, Any]):
        for name in names if is_first() else ():
            _require(name)
            _require_place(name, workdir)
        self._opened: list[tuple[Tracker, Dispensable]] = []
        for name in names if is_first() else ():
            guard = Dispensable(f"what {name} keeps", "metrics.jsonl and samples/ go on", (Exception,))
            with guard:
                self._opened.append((TRACKERS[name](workdir, _flat(config)), guard))

    def scalars(self, step: int, values: Mapping[str, Any]) -> None:
        """values: {"d/rotation": number}; what is not a finite number is left out."""
        if self._opened:
            numbers = {name: float(x) for name, x in values.items() if x is not None and not isinstance(x, str)}
            finite = {name: x for name, x in numbers.items() if math.isfinite(x)}
            self._each(lambda tracker: tracker.scalars(step, finite))

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """image: uint8 [H, W, 1 or 3]."""
        self._each(lambda tracker: tracker.image(step, name, image))

    def close(self) -> None:
        """Ends what is written; later calls do nothing."""
        self._each(lambda tracker: tracker.close())
        self._opened = []

    def _each(self, say: Any) -> None:
        for tracker, guard in self._opened:
            if not guard.lost:
                with guard:
                    say(tracker)


class _WandB:
    """An entry of Weights & Biases, below <workdir>/wandb."""

    def __init__(self, workdir: Path, config: Mapping[str, Any]):
        import wandb  # pyright: ignore[reportMissingImports]

        self._picture = wandb.Image
        entry = _entry(workdir, "wandb", lambda: uuid.uuid4().hex[:16])
        mode: Any = os.environ.get("WANDB_MODE", "offline")
        project = os.environ.get("WANDB_PROJECT", "gan_jax")
        self._run = wandb.init(
            project=project, name=workdir.name, dir=workdir, mode=mode, id=entry, resume="allow", config=dict(config)
        )
        self._run.define_metric("*", step_metric="round")  # its own count only grows, and a resumed run goes back

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({"round": step, **values})

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        self._run.log({"round": step, name: self._picture(image.squeeze(-1) if image.shape[-1] == 1 else image)})

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    """A run of MLflow, in <workdir>/mlflow.db and <workdir>/mlflow."""

    def __init__(self, workdir: Path, config: Mapping[str, Any]):
        from mlflow import MlflowClient  # pyright: ignore[reportMissingImports]

        workdir = workdir.absolute()
        server = os.environ.get("MLFLOW_TRACKING_URI")
        self._client = MlflowClient(tracking_uri=server or f"sqlite:///{workdir / 'mlflow.db'}")
        self._entry = _entry(workdir, "mlflow", lambda: self._made(workdir, server))
        known = self._client.get_run(self._entry).data.params
        for name, value in config.items():
            if name not in known:
                self._client.log_param(self._entry, name, str(value)[:500])

    def _made(self, workdir: Path, server: str | None) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "gan_jax")
        there = self._client.get_experiment_by_name(name)
        place = None if server else (workdir / "mlflow").as_uri()
        experiment = there.experiment_id if there else self._client.create_experiment(name, artifact_location=place)
        return self._client.create_run(experiment, run_name=workdir.name).info.run_id

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric  # pyright: ignore[reportMissingImports]

        now = time.time_ns() // 10**6
        self._client.log_batch(self._entry, metrics=[Metric(name, x, now, step) for name, x in values.items()])

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        self._client.log_image(self._entry, image, artifact_file=f"{name}/{step:09d}.png")

    def close(self) -> None:
        self._client.set_terminated(self._entry)


TRACKERS = {"wandb": _WandB, "mlflow": _MLflow}


_PACKAGES = {"wandb": "wandb", "mlflow": "mlflow-skinny sqlalchemy alembic"}


def _require(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"log.trackers names {name}, which is not installed ({error}): pip install {_PACKAGES[name]}, or leave it out"
        ) from error


def _require_place(name: str, workdir: Path) -> None:
    if is_remote(workdir) and not (name == "mlflow" and os.environ.get("MLFLOW_TRACKING_URI")):
        raise ValueError(
            f"log.trackers names {name}, which writes files into the work folder, and {workdir} is in a bucket: leave it out"
            + (", or name a server with MLFLOW_TRACKING_URI" if name == "mlflow" else "")
        )


def _entry(workdir: Path, tracker: str, make: Any) -> str:
    """The entry that this work folder is in a tracker: as it was kept, or a new one."""
    path = workdir / ENTRIES
    known = json.loads(path.read_text()) if path.exists() else {}
    if tracker not in known:
        known[tracker] = make()
        write_atomically(path, (json.dumps(known) + "\n").encode())
    return known[tracker]


def _flat(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """{"optim.generator.b1": 0.5} of nested blocks."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else {f"{above}{name}": value}
    return flat

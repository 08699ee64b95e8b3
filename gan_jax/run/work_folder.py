"""A work folder belongs to one config: what it holds is compared before a run goes on in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.setup.config import upgraded
from gan_jax.setup.construct import ConfigError

# What may change between two starts of a run: it does not shape the numbers of the rounds both have.
_FREE = (
    "steps",
    "rounds_a_dispatch",
    "log",
    "checkpoint",
    "evaluate",
    "mesh",
    "data/threads",
    "data/prefetch",
    "data/path",
    "data/data_dir",
)


def claim(workdir: Path, config: Mapping[str, Any], **found: Any) -> None:
    """Writes config.json, or raises ConfigError, with what differs, where the folder holds another config's run.

    config: resolved. found: facts of the data and of frozen networks that a resumed run must find again, such as the
    number of images.
    """
    path = workdir / "config.json"
    present = {**config, "found": found}
    if path.exists():
        _require_same(workdir, {**read_config(workdir), "found": read_found(workdir)}, present)
    if is_first():
        write_atomically(path, (json.dumps(present, indent=1) + "\n").encode())


def facts(source: Any) -> dict[str, Any]:
    """What of the data a resumed run must find again."""
    if isinstance(source, Mapping):
        return {"images": {name: len(each) for name, each in source.items()}}
    return {"images": len(source), "classes": len(source.classes)}


def require_same(workdir: Path, config: Mapping[str, Any]) -> None:
    """Raises ConfigError, with what differs, where a folder's run was begun with another config (resolved)."""
    _require_same(workdir, read_config(workdir), config)


def has_run(workdir: str | Path) -> bool:
    """Whether a run was begun there, or weights were imported."""
    return (Path(workdir).expanduser() / "config.json").exists()


def read_config(workdir: str | Path) -> dict[str, Any]:
    """The config that a work folder's run was begun with, in the form of this version."""
    return {key: value for key, value in upgraded(_read(workdir)).items() if key != "found"}


def read_found(workdir: str | Path) -> dict[str, Any]:
    """The facts that the run was begun with."""
    return _read(workdir).get("found", {})


def _read(workdir: str | Path) -> dict[str, Any]:
    path = Path(workdir).expanduser() / "config.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{workdir} holds no run: there is no config.json; name the run's folder with --workdir"
        )
    return json.loads(path.read_text())


def _require_same(workdir: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    plain = lambda tree: json.loads(json.dumps(tree))  # tuples as lists
    if lines := _differences(_flat(plain(before)), _flat(plain(now))):
        raise ConfigError(
            f"{workdir} holds another config's run:\n  "
            + "\n  ".join(lines)
            + "\nName another --workdir, or use the config it was begun with."
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    free = lambda key: any(key == name or key.startswith(f"{name}/") for name in _FREE)
    missing = "(not set)"
    return [
        f"{key.replace('/', '.')}: {before.get(key, missing)} there, {now.get(key, missing)} here"
        for key in sorted(before.keys() | now.keys())
        if not free(key) and before.get(key, missing) != now.get(key, missing)
    ]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat

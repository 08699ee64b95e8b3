"""A work folder belongs to one run: its config, its data and its name are compared before a run goes on in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_jax.data import changes, fingerprint, is_copy
from gan_jax.runtime.processes.agreement import texts_of_all
from gan_jax.runtime.processes.processes import is_first, warn
from gan_jax.runtime.storage import at
from gan_jax.runtime.workdir import BEGIN_ANEW
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.setup.config import upgraded
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.extension import aligned

NAME = "config.json"
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
OF_A_HOST = ("data/threads", "data/prefetch", "data/path", "data/data_dir")  # may differ between hosts of a run
_BESIDES = ("found", "run")  # keys of the file that are not the config's


def claim(
    workdir: Path, config: Mapping[str, Any], accept_new_data: bool = False, saved: bool = False, **found: Any
) -> str:
    """Compares and writes config.json, see `compared`. -> the run's name for itself. saved: a checkpoint was written already."""
    content = compared(workdir, config, accept_new_data, **found)
    write(workdir, content, saved)
    return content["run"]["id"]


def compared(workdir: Path, config: Mapping[str, Any], accept_new_data: bool = False, **found: Any) -> dict[str, Any]:
    """The content of config.json for a run that begins or goes on here, with the name that it keeps as long as its folder.

    config: resolved. found: facts of the data and of frozen networks that a resumed run must find again, see `facts`.
    accept_new_data: go on although the data are others.
    Raises ConfigError, with what differs, where the folder holds another config's run, or the data are others.
    """
    before = _read(workdir) if has_run(workdir) else {}
    if before:
        known = before.get("found", {})
        apart = lambda facts: {key: value for key, value in facts.items() if key not in _OF_DATA}
        _require_same(workdir, {**read_config(workdir), "found": apart(known)}, {**config, "found": apart(found)})
        _require_same_data(workdir, known, _plain(found), accept_new_data)
    return {**config, "found": found, "run": {"id": secrets.token_hex(8), **before.get("run", {})}}


def write(workdir: Path, content: Mapping[str, Any], saved: bool = False) -> None:
    """Writes config.json. content: from `compared`. saved: whether a checkpoint of this run is complete."""
    run = {**content["run"], "saved": saved or content["run"].get("saved", False)}
    _write(workdir, {**content, "run": run})


_OF_DATA = ("images", "classes", "data")


def facts(source: Any) -> dict[str, Any]:
    """What of the data a resumed run must find again."""
    data = fingerprint(source)
    if isinstance(source, Mapping):
        return {"images": {name: len(each) for name, each in source.items()}, "data": data}
    return {"images": len(source), "classes": len(source.classes), "data": data}


def mark_saved(workdir: Path) -> None:
    """Notes that a checkpoint of this run is complete: from then on it never begins anew by itself."""
    if has_run(workdir) and not (content := _read(workdir)).get("run", {}).get("saved", True):
        _write(workdir, {**content, "run": {**content["run"], "saved": True}})


def is_saved(workdir: Path) -> bool | None:
    """Whether a checkpoint was ever complete; None for a folder of a version that did not note it."""
    return _read(workdir).get("run", {}).get("saved")


def require_there(workdir: Path) -> None:
    """Raises FileNotFoundError, on process 0, where the folder is no more what the run began in."""
    if is_first() and not has_run(workdir):
        raise FileNotFoundError(
            f"{workdir / NAME} is gone: the work folder was removed, renamed or emptied while the run played in it. The run "
            "stops here, and writes nothing more. Where the folder was moved to, the same command goes on from its newest "
            "checkpoint"
        )


def require_alike(tree: Mapping[str, Any], what: str, free: tuple[str, ...] = ()) -> None:
    """Raises ConfigError, on all processes, where one of them has another `what` than process 0. free: keys that may differ."""
    first, *others = map(json.loads, texts_of_all(json.dumps(tree)))
    for number, other in enumerate(others, 1):
        if lines := differences(first, other, free, ("on process 0", f"on process {number}")):
            raise ConfigError(
                f"the {len(others) + 1} processes of this run were not given the same {what}:\n  "
                + "\n  ".join(lines[:8])
                + "\nStart all hosts with the same command, on the same data."
            )


def require_same(workdir: Path, config: Mapping[str, Any]) -> None:
    """Raises ConfigError, with what differs, where a folder's run was begun with another config (resolved)."""
    _require_same(workdir, read_config(workdir), config)


def has_run(workdir: str | Path) -> bool:
    """Whether a run was begun there, or weights were imported."""
    return (at(workdir) / NAME).exists()


def read_config(workdir: str | Path) -> dict[str, Any]:
    """The config that a work folder's run was begun with, in the form of this version."""
    return {key: value for key, value in upgraded(_read(workdir)).items() if key not in _BESIDES}


def read_found(workdir: str | Path) -> dict[str, Any]:
    """The facts that the run was begun with."""
    return _read(workdir).get("found", {})


def read_run(workdir: str | Path) -> str | None:
    """The run's name for itself; None for a folder of a version that gave none."""
    return _read(workdir).get("run", {}).get("id")


def differences(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    free: tuple[str, ...] = _FREE,
    places: tuple[str, str] = ("there", "here"),
) -> list[str]:
    """A line for each key in which two configs differ. free: keys that may. places: what the two are called."""
    first, second = _flat(_plain(before)), _flat(_plain(now))
    is_free = lambda key: any(key == name or key.startswith(f"{name}/") for name in free)
    missing = "(not set)"
    return [
        f"{key.replace('/', '.')}: {first.get(key, missing)} {places[0]}, {second.get(key, missing)} {places[1]}"
        for key in sorted(first.keys() | second.keys())
        if not is_free(key) and first.get(key, missing) != second.get(key, missing)
    ]


def _read(workdir: str | Path) -> dict[str, Any]:
    path = at(workdir) / NAME
    if not path.exists():
        raise FileNotFoundError(f"{workdir} holds no run: there is no {NAME}; name the run's folder with --workdir")
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror or error}): put back a copy; {BEGIN_ANEW}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not what a run writes ({error}): put back a copy; {BEGIN_ANEW}") from None
    if not _is_written_by_a_run(content):
        raise ConfigError(f"{path} is not what a run writes: put back a copy; {BEGIN_ANEW}")
    return content


def _is_written_by_a_run(content: Any) -> bool:
    if not content or not isinstance(content, dict):
        return False
    blocks = [content.get(name, {}) for name in ("data", "method", "optim", "checkpoint", *_BESIDES)]
    return all(isinstance(each, dict) for each in blocks) and isinstance(content.get("found", {}).get("data", {}), dict)


def _write(workdir: Path, content: Mapping[str, Any]) -> None:
    if is_first():
        write_atomically(workdir / NAME, (json.dumps(content, indent=1) + "\n").encode(), parents=False)


def _require_same(workdir: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if "steps" in before and "steps" in now:
        before = aligned(before, now)
    if lines := differences(before, now):
        raise ConfigError(
            f"{workdir} holds another config's run:\n  "
            + "\n  ".join(lines)
            + f"\nUse the config it was begun with; {BEGIN_ANEW}."
        )


def _require_same_data(workdir: Path, before: Mapping[str, Any], now: Mapping[str, Any], accept: bool) -> None:
    counts = lambda facts: {"found": {key: facts[key] for key in ("images", "classes") if key in facts}}
    known, found = before.get("data", {}), now.get("data", {})
    lines = differences(counts(before), counts(now)) if before else []  # {}: nobody could open them
    lines += changes(known, found)
    if found and not known:
        warn(
            f"{workdir / NAME} does not say which data the run was begun with: they are not compared, and known from now on"
        )
    if lines and not accept:
        raise ConfigError(
            f"the data are not those that the run in {workdir} was begun with:\n  "
            + "\n  ".join(lines)
            + f"\nPut them back, or go on with the new ones on purpose: --accept_new_data; {BEGIN_ANEW}."
        )
    if lines:
        warn(f"the data are others than before ({'; '.join(lines)}): accepted")
    elif is_copy(known, found):
        warn("all files of the data were written anew; their names, sizes and those that were read are the same")


def _plain(tree: Any) -> Any:
    return json.loads(json.dumps(tree))  # tuples as lists


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat

"""A list of a folder's files with their SHA-256, written last: its presence says complete, its sums say undamaged.

It also says which step of which run the folder holds, whatever the folder is called and wherever it was copied.

Zarr and OCDBT do not notice every flipped byte, and a damaged file is better found before its arrays are on 64 devices.
"""

from __future__ import annotations

import hashlib
import json

from etils import epath

NAME = "manifest.json"


def write_manifest(folder: epath.Path, step: int | None = None, run: str | None = None) -> None:
    """Lists all files below the folder. Atomic on a local disk, where a rename is; an object store's write is.

    step, run: what it holds, for `read_label`.
    """
    files = {str(path.relative_to(folder)): _sum(path) for path in _files(folder)}
    partial = folder / f"{NAME}.partial"
    label = {key: value for key, value in (("step", step), ("run", run)) if value is not None}
    partial.write_text(json.dumps({**label, "sha256": files}, indent=1, sort_keys=True))
    partial.replace(folder / NAME)


def is_complete(folder: epath.Path) -> bool:
    """Whether the manifest was written, and so everything before it."""
    return (folder / NAME).is_file()


def read_label(folder: epath.Path) -> tuple[int | None, str | None]:
    """(step, run) that a complete folder was written for; None for what its version did not write down."""
    try:
        manifest = json.loads((folder / NAME).read_text())
        return manifest.get("step"), manifest.get("run")
    except (ValueError, AttributeError, OSError):  # `damage` says what is wrong with it
        return None, None


def damage(folder: epath.Path) -> str | None:
    """What is wrong with a folder, in a few words; None if every file is what it was. Reads all of it."""
    if not is_complete(folder):
        return "it is incomplete: it is still being written, or its run stopped meanwhile"
    try:
        sums = json.loads((folder / NAME).read_text())["sha256"]
        files, there = sums.items(), _files(folder / "state")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        return f"its {NAME} cannot be read ({error})"
    unlisted = {str(path.relative_to(folder)) for path in there if not path.name.startswith(".")} - sums.keys()
    if unlisted:  # dots: what file browsers leave
        return f"{min(unlisted)} is not in its {NAME}"
    for name, expected in files:
        try:
            if not (folder / name).exists():
                return f"{name} is missing"
            if _sum(folder / name) != expected:
                return f"{name} has changed since it was written"
        except OSError as error:
            return f"{name} cannot be read ({error})"
    return None


def _files(folder: epath.Path) -> list[epath.Path]:
    found: list[epath.Path] = []
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found += _files(path)
        elif not path.name.startswith(NAME):
            found.append(path)
    return found


def _sum(path: epath.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

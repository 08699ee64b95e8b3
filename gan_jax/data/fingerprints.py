"""What tells one data set from another, cheaply: so that a run that goes on notices when its data were changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from gan_jax.data.domains import Unpaired
from gan_jax.data.in_memory import InMemory
from gan_jax.data.source import Source

_ASKED = 20_000  # files whose size and time are asked for
_READ = 256  # files whose bytes are read
_ELEMENTS = 16  # of a source that is neither files nor arrays: decoded

Fingerprint = Mapping[str, Any]


def fingerprint(data: Source | Unpaired) -> dict[str, Any]:
    """Facts of plain JSON that are the same as long as the data are, wherever they lie.

    All arrays in memory, but for points, which a formula makes; of files the names, sizes and times, and the bytes of
    256; of others the means of 16 elements, which another decoder may change a little. Of more than 20,000 files as many,
    evenly spread, are asked for their sizes and times. A source may say it itself, by a method `fingerprint`. Unpaired
    data have one for each domain.
    """
    if isinstance(data, Mapping):
        return {name: fingerprint(source) for name, source in data.items()}
    classes = (
        {"classes": _digest(name.encode(errors="surrogateescape") for name in data.classes)} if data.classes else {}
    )
    own = getattr(data, "fingerprint", None)
    if own is not None:
        return {**classes, **own()}
    if isinstance(data, InMemory):
        return {**classes, "content": _digest(map(_bytes, data.arrays()))}
    elements = [data[i] for i in _spread(len(data), _ELEMENTS)]
    means = [float(np.mean(leaf)) for element in elements for _, leaf in sorted(element.items())]
    return {**classes, "means": [round(mean, 2) for mean in means]}


def fingerprint_of_files(
    names: Sequence[str], facts: Callable[[str], tuple[int, float]], read: Callable[[str], bytes]
) -> dict[str, Any]:
    """That of files in the order of their elements. facts: a name -> (bytes, seconds of its last change). read: its bytes.

    What cannot be read counts as empty: reading it as an element says so.
    """
    asked, some = [names[i] for i in _spread(len(names), _ASKED)], [names[i] for i in _spread(len(names), _READ)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda name: _or(facts, name, (-1, 0.0)), asked))
        contents = list(pool.map(lambda name: hashlib.sha256(_or(read, name, b"")).digest(), some))
    times = [int(seconds) for _, seconds in found]
    return {
        "names": _digest(name.encode(errors="surrogateescape") for name in names),
        "sizes": _digest(str(size).encode() for size, _ in found),
        "content": _digest(contents),
        "times": _digest(str(time).encode() for time in times),
        "oldest": min(times),
        "newest": max(times),
    }


def changes(before: Fingerprint, now: Fingerprint) -> list[str]:
    """What differs, a few words each; [] where the data are the same. What only one of them knows is not compared.

    Files that were all written anew since, of the same names, sizes and bytes as far as these are looked at, are a copy.
    """
    lines = []
    for key in sorted(before.keys() & now.keys()):
        if isinstance(before[key], Mapping) and isinstance(now[key], Mapping):
            lines += [f"{key}: {line}" for line in changes(before[key], now[key])]
    told = {
        "classes": "the classes' names or their order",
        "names": "the files' names",
        "sizes": "the files' sizes",
        "content": "the content",
    }
    known = before.keys() & now.keys()
    differ = lambda key: key in known and before[key] != now[key]
    found = [words for key, words in told.items() if differ(key)]
    if not found and differ("times") and not is_copy(before, now):
        found = ["the times of some files: they were changed or swapped"]
    if "means" in known and not _near(before["means"], now["means"]):
        found.append("the content of the elements looked at")
    return lines + found


def is_copy(before: Fingerprint, now: Fingerprint) -> bool:
    """Whether every file, of one domain or more, was written anew since the newest of them."""
    domains = [key for key in before.keys() & now.keys() if isinstance(before[key], Mapping)]
    if domains:
        return any(is_copy(before[key], now[key]) for key in domains)
    return before.get("times") != now.get("times") and now.get("oldest", 0) > before.get("newest", np.inf)


def _or(ask: Callable[[str], Any], name: str, otherwise: Any) -> Any:
    try:
        return ask(name)
    except OSError:
        return otherwise


def _near(before: Sequence[float], now: Sequence[float]) -> bool:
    return len(before) == len(now) and bool(np.allclose(before, now, rtol=0, atol=2.0))


def _spread(count: int, at_most: int) -> list[int]:
    return np.unique(np.linspace(0, count - 1, min(at_most, count)).astype(int)).tolist() if count else []


def _bytes(leaf: Any) -> bytes:
    array = np.asarray(leaf)
    content = b"" if array.dtype.kind == "f" else hashlib.sha256(np.ascontiguousarray(array)).digest()
    return f"{array.dtype}{array.shape}".encode() + content


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()

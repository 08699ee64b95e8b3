"""The standard weights: found, or fetched once from where they are published; checked, and kept in the safe format."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from gan_jax.features import convert_torch
from gan_jax.features.weights import Weights, load_weights, save_weights, weights_hash
from gan_jax.types import PyTree

_SECONDS = 20  # of silence after which a server counts as out of reach
_CHUNK = 1 << 20  # bytes


class Release(NamedTuple):
    """Weights as somebody published them, in PyTorch's format."""

    url: str
    convert: Callable[[convert_torch.StateDict], PyTree]
    arrays: str | None = None  # SHA-256 of the converted arrays, for a file whose name carries no digits of its own
    sha256: str | None = None  # of the file, likewise

    @property
    def file(self) -> str:
        return urllib.parse.urlsplit(self.url).path.rsplit("/", 1)[-1]

    @property
    def digits(self) -> str | None:
        """The first of the file's SHA-256, which release files of PyTorch carry in their names."""
        found = re.search(r"-([0-9a-f]{8,64})\.pth$", self.file)
        return found and found[1]

    def expected(self, file: str) -> str | None:
        """What the SHA-256 of a file of this name begins with; None where the name says nothing."""
        if self.digits:
            return self.digits if self.digits in file else None
        return self.sha256 if file == self.file else None


_TORCH_FIDELITY = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0"
RELEASES = {
    # Made from TensorFlow's own by the authors of torch-fidelity; Apache License 2.0.
    "inception_2015": Release(
        f"{_TORCH_FIDELITY}/weights-inception-2015-12-05-6726825d.pth", convert_torch.convert_inception
    ),
    "vgg16": Release("https://download.pytorch.org/models/vgg16-397923af.pth", convert_torch.convert_vgg16),
    "vgg19": Release("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth", convert_torch.convert_vgg19),
    # AdaIN's encoder, from the PyTorch port of its authors' code, MIT License: 80,102,481 bytes.
    "vgg19_normalised": Release(
        "https://github.com/naoto0804/pytorch-AdaIN/releases/download/v0.0.0/vgg_normalised.pth",
        convert_torch.convert_vgg19_normalised,
        sha256="804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a",
    ),
    # The heads that the authors of LPIPS trained, v0.1, BSD 2-Clause License; hashed as in their package lpips 0.1.4.
    "vgg16_lpips": Release(
        f"{_TORCH_FIDELITY}/weights-vgg16-lpips.pth",
        convert_torch.convert_lpips_heads,
        "a4b33cc9d8b2d347654f05045b814ba4dd2de58971b987aabe3c34275968712e",
    ),
}


def published_weights(
    name: str, path: str | os.PathLike | None = None, cache: str | os.PathLike | None = None
) -> Weights:
    """The weights of "inception_2015", "vgg16", "vgg16_lpips" (the heads of LPIPS on VGG-16), "vgg19" (torchvision's) or
    "vgg19_normalised" (that of AdaIN).

    path: a file to take them from: the published .pth, one of the same form, or an .npz that was converted before.
    Without it they come from the cache, by default the folder $GAN_JAX_CACHE or ~/.cache/gan_jax. What the cache lacks is
    downloaded, checked against the hash that its name carries or that is known here, and converted once, which needs
    PyTorch. A file given as path is checked where its name is the published one or carries the published digits; the
    facts hold the SHA-256 of the file in any case.
    Raises ValueError for an unknown name, a wrong hash, another network's weights, and where something is lacking.
    """
    if name not in RELEASES:
        raise ValueError(f"published weights are {', '.join(RELEASES)}; there are none named {name!r}")
    release, folder = RELEASES[name], cache_folder() if cache is None else Path(cache)
    safe, placed = folder / f"{name}.npz", folder / release.file
    if path is not None:
        path = Path(path)
        return _converted(name, path, path.name, safe) if path.suffix in (".pth", ".pt") else _loaded(name, path)
    if safe.is_file():
        return _loaded(name, safe)
    if placed.is_file():
        weights = _converted(name, placed, release.file, safe)
    else:
        _need_torch(name, safe)  # before a long download
        with _downloaded(name, placed) as file:
            weights = _converted(name, file, release.file, safe)
    save_weights(safe, weights.variables, weights.facts)
    return weights


def cache_folder() -> Path:
    """Where downloads are kept: $GAN_JAX_CACHE, or ~/.cache/gan_jax."""
    return Path(os.environ.get("GAN_JAX_CACHE") or "~/.cache/gan_jax").expanduser()


def _loaded(name: str, path: Path) -> Weights:
    weights = load_weights(path)
    if weights.facts.get("name", name) != name:
        raise ValueError(f"{path} holds the weights {weights.facts['name']!r}, not {name!r}")
    return weights


def _converted(name: str, path: Path, file: str, safe: Path) -> Weights:
    """The weights in a .pth, which is called `file` where it is published or was given."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no weights file {path.absolute()}")
    _need_torch(name, safe)
    release = RELEASES[name]
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    expected = release.expected(file)
    if expected and not sha256.startswith(expected):
        raise ValueError(
            f"{file} is damaged or another file: its SHA-256 begins with {sha256[:8]}, and that of the published one with "
            f"{expected[:8]}; delete it and fetch {release.url} again"
        )
    variables = release.convert(convert_torch.read_state_dict(path))
    arrays = weights_hash(variables)
    if release.arrays and file == release.file and arrays != release.arrays:
        raise ValueError(f"{file} does not hold the published weights; delete it and fetch {release.url} again")
    return Weights(variables, {"name": name, "file": file, "file_sha256": sha256, "url": release.url}, arrays)


def _need_torch(name: str, safe: Path) -> None:
    if not convert_torch.has_torch():
        raise ValueError(
            f"converting the published weights {name!r} needs PyTorch: install it (pip install torch), or convert them on "
            f"another machine and put its {safe.name} at {safe.absolute()}"
        )


@contextmanager
def _downloaded(name: str, placed: Path) -> Iterator[Path]:
    """A file of this process alone with what the release's address gives. It is gone afterwards."""
    placed.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=placed.parent, prefix=f".{placed.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in _chunks(name, placed):
                file.write(chunk)
        yield Path(temporary)
    finally:
        os.unlink(temporary)


def _chunks(name: str, placed: Path) -> Iterator[bytes]:
    """The bytes at the release's address, with a progress bar on a terminal."""
    url = RELEASES[name].url
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            with tqdm(total=total or None, desc=placed.name, unit="B", unit_scale=True, disable=None) as bar:
                got = 0
                while chunk := answer.read(_CHUNK):
                    got += len(chunk)
                    bar.update(len(chunk))
                    yield chunk
            if got < total:
                raise ConnectionError(f"it ended after {got} of {total} bytes")
    except (OSError, http.client.HTTPException) as error:
        reason = error
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        elif isinstance(error, urllib.error.URLError):
            reason = error.reason
        raise ValueError(
            f"the weights {name!r} could not be downloaded ({reason}): fetch {url} where there is a network, and put it "
            f"at {placed.absolute()}"
        ) from error

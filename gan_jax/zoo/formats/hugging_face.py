"""Models on Hugging Face: fetched by huggingface_hub, which is optional, and sent there. No file of theirs is executed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gan_jax.zoo.files import CARD, WEIGHTS

PREFIX = "hf://"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REPO = re.compile(rf"{_WORD}/{_WORD}")
_NAME = re.compile(rf"{PREFIX}(?P<repo>{_WORD}/{_WORD})(?:@(?P<revision>[\w./-]+))?")


class Client(Protocol):
    """What is asked of `huggingface_hub.HfApi`."""

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> Any: ...

    def upload_folder(
        self, *, repo_id: str, folder_path: str, commit_message: str, allow_patterns: list[str]
    ) -> Any: ...


def is_remote(name: str | Path) -> bool:
    """Whether this is the name of a model on Hugging Face, hf://owner/name."""
    return str(name).startswith(PREFIX)


def fetched(name: str, download: Callable[..., str] | None = None) -> Path:
    """The folder of a model's weights and card, from hf://owner/name or hf://owner/name@revision; nothing else is fetched.

    revision: a branch, a tag, or a commit, which pins it. download: in place of `huggingface_hub.snapshot_download`, whose
    cache keeps what was fetched. Raises ValueError for another shape of name, ImportError without huggingface_hub,
    FileNotFoundError where there is no such model, ConnectionError where it could not be fetched.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"a model on Hugging Face is hf://owner/name or hf://owner/name@revision, not {name}")
    by = download if download is not None else _hub("to fetch a model").snapshot_download
    try:
        folder = by(found["repo"], revision=found["revision"], allow_patterns=[WEIGHTS, CARD])
    except Exception as error:  # of huggingface_hub, or of the library that it speaks HTTP by
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if "NotFound" in type(error).__name__:
            raise FileNotFoundError(f"{name} is not there, or private and you are not logged in: {reason}") from error
        raise ConnectionError(f"{name} could not be fetched: {reason}") from error
    folder = Path(folder)
    if missing := [file for file in (CARD, WEIGHTS) if not (folder / file).is_file()]:
        raise FileNotFoundError(f"{name} is no model of gan_jax: it has no {' and no '.join(missing)}")
    return folder


def require_repo(repo: str) -> None:
    """Raises ValueError unless this is owner/name."""
    if not _REPO.fullmatch(repo):
        raise ValueError(f"a repository is owner/name, such as me/faces, not {repo!r}")


def connected() -> Client:
    """The client of whoever is logged in. Raises ImportError without huggingface_hub, PermissionError without a token."""
    hub = _hub("to send a model")
    if hub.get_token() is None:
        raise PermissionError("no token for Hugging Face: log in with `hf auth login`, or set HF_TOKEN")
    return hub.HfApi()


def upload(folder: Path, files: list[str], repo: str, client: Client, private: bool = False) -> str:
    """Sends the files of a folder to a repository, which is made where there is none. -> the name that `load` takes.

    Raises ConnectionError, with the reason, where it was not taken.
    """
    try:
        client.create_repo(repo, private=private, exist_ok=True)
        told = {"commit_message": f"Upload {folder.name} by gan_jax", "allow_patterns": files}
        client.upload_folder(repo_id=repo, folder_path=str(folder), **told)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ConnectionError(f"{repo} was not sent: {reason}; {folder} holds all that there is to send") from error
    return PREFIX + repo


def _hub(what_for: str) -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise ImportError(f"{what_for} needs huggingface_hub: pip install huggingface_hub") from error

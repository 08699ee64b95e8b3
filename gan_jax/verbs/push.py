"""A model as a repository for Hugging Face: a folder with its weights, its card and a README, and, if asked, sent there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.names import nearest
from gan_jax.runtime.workdir import check_new_folder
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.zoo.files import CARD, WEIGHTS, read_model
from gan_jax.zoo.formats import onnx, stablehlo
from gan_jax.zoo.formats.hugging_face import Client, connected, require_repo, upload
from gan_jax.zoo.formats.model_card import PICTURE, README, readme
from gan_jax.zoo.model import names

FILES = (CARD, WEIGHTS, PICTURE, stablehlo.PROGRAM, stablehlo.ABOUT, onnx.PROGRAM, onnx.ABOUT)
INSTEAD: dict[str, str] = {"workdir": "gan_jax export first, then --model={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax push` takes."""
    flags.group("The model")
    flags.path("model", None, "A folder that gan_jax export wrote, or a model that ships with it.", needed="my_model")
    flags.group("The repository")
    flags.path("out", "repository", f"A folder: {README}, and the model's files.")
    about = "Of the weights, as Hugging Face names it, such as apache-2.0; the data's is in the README as it is."
    flags.text("licence", "other", about)
    flags.text("repo", None, "Send it there too: owner/name. Needs huggingface_hub and a token.")
    flags.switch("private", False, "A new repository is seen by its owner alone.")


def run(values: FlagValues) -> None:
    """Plays `gan_jax push`."""
    if values.private and values.repo is None:
        raise ValueError("--private is of the repository that is sent to: name it, --repo=owner/name")
    push(values.model, values.out, values.repo, values.licence, values.private)


def push(
    model: str | Path,
    out: str | Path,
    repo: str | None = None,
    licence: str = "other",
    private: bool = False,
    client: Client | None = None,
) -> None:
    """Writes the repository of an exported model to the folder `out`, and sends it to `repo`, owner/name, if that is named.

    client: of Hugging Face; None: that of whoever is logged in. Raises what `read_model` raises, FileNotFoundError where
    there is no such model, FileExistsError where the folder holds anything, and what `connected` and `upload` raise.
    """
    out = check_new_folder(Path(out).expanduser())
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(
            f"{out} is not empty, and all in it would look like the model's: name a new folder with --out"
        )
    if repo is not None:
        require_repo(repo)
        client = client or connected()
    with _folder_of(model) as folder:
        card, sampler = read_model(folder)
        files = [name for name in FILES if (folder / name).is_file()]
        for name in files:
            write_atomically(out / name, (folder / name).read_bytes())
    write_atomically(out / README, readme({"name": out.name, **card}, sampler, files, licence, repo).encode())
    told = f"wrote the repository of {card.get('name', out.name)} to {out}"
    if repo is not None and client is not None:
        sent = upload(out, [README, *files], repo, client, private)
        told += f", and sent it: gan_jax.load({sent!r}) reads it"
    print(told)


@contextlib.contextmanager
def _folder_of(model: str | Path) -> Iterator[Path]:
    """The folder of a model by name, or of an exported one."""
    if str(model) in names():
        with resources.as_file(resources.files("gan_jax.zoo") / str(model)) as folder:
            yield folder
        return
    folder = Path(model).expanduser()
    if not (folder / CARD).is_file():
        raise FileNotFoundError(f"{model} is no exported model{nearest(model, names())}: gan_jax export writes one")
    yield folder

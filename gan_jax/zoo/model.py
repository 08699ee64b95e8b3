"""A trained model that draws, wherever it comes from: by name, from a folder, from a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.game import Sampler
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.names import nearest
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.state import restore
from gan_jax.run.work_folder import has_run
from gan_jax.runtime.storage import at, is_remote
from gan_jax.types import Batch
from gan_jax.zoo.files import CARD, read_model
from gan_jax.zoo.formats import hugging_face
from gan_jax.zoo.own import is_own, load_own


@dataclasses.dataclass(frozen=True)
class Model:
    """A sampler and what is known of it.

    card: its config, data and licence, training, scores and hashes; of a run, its config, step and sampler's name alone.
    """

    name: str
    sampler: Sampler
    card: Mapping[str, Any]

    def sample(
        self,
        n: int,
        seed: int = 0,
        truncation: float | None = None,
        label: int | None = None,
        given: Mapping[str, np.ndarray] | Callable[[np.ndarray], Batch] | None = None,
    ) -> np.ndarray:
        """n elements, float32 [n, *shape] in [-1, 1] (voxels: 0 to 1); element i depends on seed and i alone.

        truncation: normal latents beyond it are drawn again; of codes w it is psi. label: one class for all.
        given: what a sampler of images starts from, float32 in [-1, 1]: {"a": [m, H, W, C]}, which begin anew after m; or
        a function, indices [k] -> {"a": [k, H, W, C]}. `sampler.given` names the keys.
        """
        sampler = with_label(truncated(self.sampler, truncation), label)
        return draw(sampler, n, seed, in_turn(given) if isinstance(given, Mapping) else given)["image"]

    def __repr__(self) -> str:
        config = self.card["config"]
        block = config.get(self.card.get("sampler", "")) or config.get("generator") or config["method"]
        return f"Model({self.name!r}, {block['type']}, step {self.card['step']})"


def in_turn(given: Mapping[str, np.ndarray]) -> Callable[[np.ndarray], Batch]:
    """indices [k] -> the elements of {key: [m, ...]} at these, beyond the last from the first again."""
    return lambda indices: {key: np.asarray(leaf, np.float32)[indices % len(leaf)] for key, leaf in given.items()}


def names() -> list[str]:
    """The models that ship with the package."""
    return sorted(each.name for each in resources.files("gan_jax.zoo").iterdir() if (each / CARD).is_file())


def load(name: str | Path, sampler: str | None = None) -> Model:
    """A model that ships with the package, by name; of a folder: one that was exported, or a run's work folder; of
    Hugging Face, "hf://owner/name" or "hf://owner/name@revision", where huggingface_hub is installed; or a generator of one's
    own, "my_file.py:generate", whose file is run (see `analysis.own.generator`).

    sampler: of a run whose game has several, such as "a_to_b"; by default the first.
    Raises FileNotFoundError where there is no such model, ValueError where it cannot be read; of Hugging Face also what
    `hugging_face.fetched` raises.
    """
    if is_own(name):
        called, own = load_own(name)
        return Model(called, own, {"config": {"generator": {"type": called}}, "step": 0})
    if hugging_face.is_remote(name) and not Path(name).is_dir():
        return _of_folder(hugging_face.fetched(str(name)))
    folder = at(name)
    if str(name) in names():
        with resources.as_file(resources.files("gan_jax.zoo") / str(name)) as shipped:
            return _of_folder(shipped)
    if not is_remote(folder) and (folder / CARD).is_file():
        return _of_folder(folder)
    if folder.is_dir() and has_run(folder):
        restored = restore(folder)
        samplers = restored.setup.method.samplers(restored.state, restored.phase)
        name = next(iter(samplers)) if sampler is None else sampler
        card = {"config": restored.setup.config, "step": restored.step, "sampler": name}
        return Model(folder.name, chosen_sampler(samplers, name), card)
    if folder.is_dir():
        raise FileNotFoundError(f"{folder} holds no model ({CARD} and its weights) and no run (config.json)")
    raise FileNotFoundError(
        f"no model is called {str(name)!r}{nearest(name, names())}, and there is no such folder; models: {', '.join(names())}"
    )


def _of_folder(folder: Path) -> Model:
    card, sampler = read_model(folder)
    return Model(card.get("name", folder.name), sampler, card)

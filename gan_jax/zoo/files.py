"""A model in a folder: weights.safetensors and model.json. Nothing in either is executed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gan_jax import __version__
from gan_jax.game import Sampler, stretch_after
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.setup.setup import Setup
from gan_jax.zoo.arrays import arrays_of, with_arrays

WEIGHTS, CARD = "weights.safetensors", "model.json"
FORMAT = 1  # of model.json; a reader refuses what is newer


class ModelError(ValueError):
    """A model's folder that cannot be read, and why."""


def write_model(folder: str | Path, sampler: Sampler, card: Mapping[str, Any]) -> dict[str, Any]:
    """Writes both files. -> the card, with what is known of the weights.

    card: plain data with "config" (resolved), "step" and "sampler" (its name in the game), from which the network is
    built again.
    """
    arrays = arrays_of(sampler)
    content = save(arrays)
    weights = {
        "file": WEIGHTS,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "numbers": sum(int(array.size) for array in arrays.values()),
        "types": sorted({array.dtype.name for array in arrays.values()}),
    }
    card = {"format": FORMAT, **card, "weights": weights}
    folder = Path(folder)
    write_atomically(folder / WEIGHTS, content)
    write_atomically(folder / CARD, (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())
    return card


def read_model(folder: str | Path) -> tuple[dict[str, Any], Sampler]:
    """(card, sampler) of a model's folder.

    Raises FileNotFoundError where a file is missing, ModelError where one is damaged, of a later version, or the two
    are not of one model.
    """
    folder = Path(folder)
    card = _card(folder / CARD)
    content = (folder / WEIGHTS).read_bytes()
    if hashlib.sha256(content).hexdigest() != card["weights"]["sha256"]:
        raise ModelError(
            f"{folder / WEIGHTS} is not the file that {CARD} was written with, or is damaged: copy both again"
        )
    try:
        return card, with_arrays(template_of(card), load(content))
    except (ValueError, SafetensorError) as error:
        raise ModelError(f"{folder} cannot be read: {error}") from error


def template_of(card: Mapping[str, Any]) -> Sampler:
    """The sampler that a card describes, with the shapes of arrays in their place."""
    setup = Setup.of(card["config"])
    phase = stretch_after(setup.stretches, card["step"]).phase

    def sampler(key: jax.Array) -> Sampler:
        return setup.method.samplers(setup.method.init(key), phase, card.get("average", True))[card["sampler"]]

    return jax.eval_shape(sampler, jax.random.key(0))


def hash_of(images: Any) -> str:
    """SHA-256 over float32 images, to the bit."""
    return hashlib.sha256(np.ascontiguousarray(images, np.float32).tobytes()).hexdigest()


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is no JSON: {error}") from error
    require_format(path, card, ("format", "config", "step", "sampler", "weights"), FORMAT)
    return card


def require_format(path: Path, found: Any, needed: Sequence[str], newest: int) -> None:
    """Raises ModelError for a JSON file that is none of gan_jax's, or that only a later gan_jax reads, with its version."""
    if not isinstance(found, dict) or (missing := [key for key in needed if key not in found]):
        told = f"it lacks {', '.join(missing)}" if isinstance(found, dict) else "it holds no object"
        raise ModelError(f"{path} is no model of gan_jax: {told}")
    if not isinstance(found["format"], int) or found["format"] < 1:
        raise ModelError(f"{path} is no model of gan_jax: its format is {found['format']!r}, not a number from 1 on")
    if found["format"] > newest:
        raise ModelError(
            f"{path} was written by a later gan_jax, {found.get('version')}, in format {found['format']}, and this one,"
            f" {__version__}, reads formats up to {newest}: install gan_jax {found.get('version')} or a newer one"
        )

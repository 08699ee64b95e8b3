"""README.md of a model's repository: what it is, how it is used, what is known of it, and front matter, which hubs read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gan_jax.game import Sampler
from gan_jax.zoo.files import CARD, WEIGHTS

README, PICTURE = "README.md", "samples.png"


def readme(
    card: Mapping[str, Any], sampler: Sampler, files: Sequence[str], licence: str, repo: str | None = None
) -> str:
    """The text. files: those beside it; licence: of the weights, as hubs name it; repo: owner/name, where it will stand."""
    name, step = card["name"], card["step"]
    where = f"hf://{repo}" if repo else "path/to/this/folder"
    given = "".join(f', given={{"{key}": images}}' for key in sampler.given[:1])
    about = card.get("about") or f"Makes {sampler.target}s."
    parts = [
        _front_matter(card, sampler, licence),
        f"# {name}",
        *([f"![Samples of {name}]({PICTURE})"] if PICTURE in files else []),
        f"{about} A model of gan_jax: {card['config']['method']['type']}, round {step:,}.",
        f'```python\nimport gan_jax\n\nmade = gan_jax.load("{where}").sample(16{given})\n```',
        f"## Data\n\n{card['data']['source']}. Licence: {card['data']['licence']}.",
        "## Training\n\n" + _table(("", ""), _training(card)),
        "## Scores\n\n" + _scores(card),
        "## Files\n\n" + _table(("", ""), _files(card, files)),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(card: Mapping[str, Any], sampler: Sampler, licence: str) -> str:
    """YAML, of values written as JSON, which is YAML too."""
    config = card["config"]
    method = config["method"]["type"].rpartition(".")[2].rpartition(":")[2].lower()
    network = (config.get(card["sampler"]) or config.get("generator") or {}).get("type", "").partition(".")[0]
    fields: dict[str, Any] = {"library_name": "gan_jax", "license": licence}
    if licence == "other":
        fields["license_name"] = "see-data"
    if sampler.target != "voxels":
        fields["pipeline_tag"] = "image-to-image" if sampler.given else "unconditional-image-generation"
    tags = ["gan", "jax", "flax", method, *([network] if network else []), str(card["data"]["source"])]
    fields["tags"] = list(dict.fromkeys(tags))
    return (
        "---\n"
        + "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
        + "\n---"
    )


def _training(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    training = card["training"]
    rows = [("rounds", f"{training['rounds']:,}"), ("thousands of real images shown", f"{training['kimg']:,.4g}")]
    rows += [("seed", str(training["seed"])), ("hardware", training["hardware"])]
    rows += [("seconds", f"{training['seconds']:,.0f}")] if training.get("seconds") else []
    return [
        *rows,
        ("weights", "their moving average" if card.get("average") else "as they are"),
        ("gan_jax", card["version"]),
    ]


def _scores(card: Mapping[str, Any]) -> str:
    if not card["scores"]:
        return "None were taken."
    rows = []
    for each in card["scores"]:
        spread = "" if each.get("spread") is None else f" +- {each['spread']:.3g}"
        value = f"{each['value']:.4g}{spread}"
        rows.append((each["name"], value, f"{each['n_fake']:,} made, {each['n_real']:,} of {each['reference']}"))
    return _table(("score", "value", "of"), rows) + f"\n\nEach with its whole protocol in `{CARD}`."


def _files(card: Mapping[str, Any], files: Sequence[str]) -> list[tuple[str, str]]:
    abouts = {
        WEIGHTS: f"{card['weights']['numbers']:,} numbers; SHA-256 `{card['weights']['sha256']}`",
        CARD: "the card: config, data, training, scores",
        "model.stablehlo": "a program for JAX alone; what goes in is in the JSON beside it",
        "model.onnx": "a program for onnxruntime; what goes in is in the JSON beside it",
    }
    return [(f"`{name}`", abouts[name]) for name in files if name in abouts]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    line = lambda cells: "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])

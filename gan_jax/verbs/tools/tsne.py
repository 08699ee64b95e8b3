"""A map of samples and data in the plane, by class."""

from __future__ import annotations

from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.latent_space.scatter import draw_scatter, scatter
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.names import one_of
from gan_jax.run.drawing import draw
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder, looking

INSTEAD = {"num": "--samples={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=tsne` takes."""
    folder.declare(flags, "tsne")
    flags.group("What is mapped")
    looking.declare(flags)
    flags.text("attribute", None, "Colours by this attribute, of a classifier that tells attributes.")
    flags.integer("samples", 500, "How many, and as many of the data.", lowest=10, highest=20_000)
    flags.number("perplexity", 30.0, "Of t-SNE: about how many neighbours each image keeps.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=tsne`."""
    if values.attribute is not None and values.classifier is None:
        raise UsageError("--attribute is told by a classifier: name one, such as --classifier=faces")
    out, opened, sampler = folder.opened(values, "tsne")
    shape = folder.shape_of(sampler)
    told = None if values.classifier is None else folder.Told(values.classifier, shape)
    if told is not None and values.attribute is not None:
        if not told.of_attributes:
            raise ValueError(
                f"the classifier {values.classifier} tells classes and no attributes: leave --attribute out"
            )
        one_of(values.attribute, told.names, "--attribute")
    data = looking.data_of(values, opened, sampler.target, shape)["train"]
    drawn, real = draw(sampler, values.samples, values.seed), looking.images_of(data, values.samples)
    images = np.concatenate([drawn["image"], real])
    classes, names = _classes(values, told, drawn, data, images)
    features, n = looking.features_by(told)(images), len(drawn["image"])
    found = scatter(features[:n], features[n:], classes, values.perplexity, values.seed)
    numbers = {"mixing": found.mixing, "agreement": found.agreement, "divergence": found.divergence}
    by = values.classifier or "pixels"
    facts = {"model": opened.name, "seed": values.seed, "by": by, "samples": n, "data": len(real)}
    facts["perplexity"] = values.perplexity
    lines = [{"step": 0, **facts, **numbers}]
    lines += [
        {"step": 0, "image": i, "kind": "sample" if i < n else "data", "x": x, "y": y}
        | ({} if classes is None else {"class": classes[i]})
        for i, (x, y) in enumerate(found.places)
    ]
    if is_first():
        draw_scatter(out / "tsne.png", found, n, classes, names)
        parts = [
            Picture(out / "tsne.png", f"Samples and data by t-SNE of {by}. Distances between groups mean little."),
            "mixing: among the 10 nearest features of samples, the share that are data, over what it would be if both were one "
            "set: 1 cannot be told apart, 0 lie apart. agreement: the share of the 10 nearest that are of the same class.",
            Table(("", ""), list(numbers.items())),
        ]
        folder.leave(out, f"A map of samples and data, of {opened.name}", lines, parts)


def _classes(
    values: FlagValues, told: Any, drawn: dict, data: Any, images: np.ndarray
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """(int [n + m], names): as the classifier tells them, or as they are labelled, -1 where they are not; None: not known."""
    if told is not None:
        logits = told(images)
        if not told.of_attributes:
            return logits.argmax(1), tuple(told.names)
        if values.attribute is None:
            return None, ()
        return (logits[:, told.names.index(values.attribute)] > 0).astype(int), (
            f"no {values.attribute}",
            values.attribute,
        )
    labels, n = data.labels(), len(drawn["image"])
    if labels is None:
        return None, ()
    of_samples = drawn.get("label", np.full(n, -1))
    return np.concatenate([of_samples, labels[: len(images) - n]]), tuple(data.classes)

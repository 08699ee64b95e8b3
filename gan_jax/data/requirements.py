"""What a game needs of its data, asked before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gan_jax.data.domains import Unpaired, leaves_of
from gan_jax.data.inspection import inspect_source
from gan_jax.data.source import Source
from gan_jax.names import nearest

_WHERE = {
    "image": "any source of images",
    "label": "a labelled source (for images of your own: one folder for each class), or a method without labels",
    "voxels": "a source of volumes, such as furniture, or an .npz file with an array voxels (source 'arrays')",
}
_PAIR = (
    "a source of pairs: folders of images (source 'pairs'), or an .npz file with arrays a and b (source 'arrays'); where"
    " the game takes unpaired images, source 'domains' with a block for each name"
)


def require_keys(data: Source | Unpaired, needed: Iterable[str], what: str = "this configuration") -> None:
    """Raises ValueError unless the data's elements have all these leaves.

    needed: those of a round, such as the names of `method.batch(phase)`. what: needs them, as the error's first words.
    """
    known, needed = leaves_of(data), list(needed)
    missing = [key for key in needed if key not in known]
    if not missing:
        return
    first = missing[0]
    raise ValueError(
        f"{what} needs the data's {', '.join(missing)}{nearest(first, known)}, and {data!r} has"
        f" {', '.join(known)}. Use {_WHERE.get(first, _PAIR)}."
    )


def require_enough(data: Source | Unpaired, batch_size: int) -> None:
    """Raises ValueError where a batch takes more elements than there are, so that each holds the same ones twice."""
    for name, source in data.items() if isinstance(data, Mapping) else [("the data", data)]:
        if len(source) < batch_size:
            raise ValueError(
                f"{name}: {len(source)} to learn from, and a batch takes {batch_size}: too few. Give more, some hundreds "
                "for samples that are more than copies. Of few, mirror images (data.flip=True) and a discriminator in "
                "augmented.Augmented make the most; for a trial, set batch_size lower"
            )


def require_labels(source: Source | Unpaired, num_classes: int, limit: int = 100, every_class: bool = False) -> None:
    """Raises ValueError unless there are labels in [0, num_classes), and two classes or more.

    Some elements, though not all, may be unlabelled (-1). Where labels are not at hand, `limit` elements are looked at,
    and ten times as many where none of those is labelled. every_class: each class must have an element, which is known
    where all labels are at hand; else a generator is asked for classes that no real image shows.
    """
    if isinstance(source, Mapping):
        raise ValueError("this configuration needs class labels, and unpaired domains have none: use one source.")
    found = len(source.classes)
    if not found:
        raise ValueError(
            f"this configuration needs class labels, and {source!r} has none. Use a labelled source (for images of your"
            " own: one folder for each class), or a method without labels."
        )
    if found == 1:
        raise ValueError(
            f"this configuration needs class labels, and {source!r} has a single class, {source.classes[0]!r}: there is"
            " nothing to condition on. Use a method without labels."
        )
    if found != num_classes:
        raise ValueError(
            f"num_classes is {num_classes}, but {source!r} has {found} classes. Set num_classes to {found}."
        )
    inspected = inspect_source(source, limit)
    if set(inspected.labels) == {-1} and not inspected.all_labels:
        inspected = inspect_source(source, 10 * limit)
    labels = inspected.labels
    wrong = [label for label in labels if not -1 <= label < num_classes]
    if wrong:
        raise ValueError(
            f"{source!r} has {labels[wrong[0]]} elements with label {wrong[0]}, outside 0 to {num_classes - 1}"
            " (-1 means: not labelled). Correct the labels, or choose another split."
        )
    if set(labels) == {-1}:
        seen = "" if inspected.all_labels else f" {inspected.seen:,} of"
        raise ValueError(
            f"all{seen} {inspected.count:,} elements of {source!r} have label -1 (not labelled). Choose a split that is"
            " labelled."
        )
    if every_class and inspected.all_labels:
        empty = [name for label, name in enumerate(source.classes) if not labels.get(label)]
        if empty:
            told = ", ".join(empty[:5]) + (", ..." if len(empty) > 5 else "")
            raise ValueError(
                f"{source!r} has no element of {len(empty)} of its {len(source.classes)} classes ({told}), and each is"
                " drawn as often as the others. Name only classes that have elements."
            )

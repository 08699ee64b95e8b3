"""What tools share that look at a generator's samples beside data: the data, and what they are compared by."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.data import EightBit
from gan_jax.run.image_sets import open_reference
from gan_jax.run.references import Reference
from gan_jax.verbs.opening import Opened
from gan_jax.verbs.tools import folder


def declare(flags: Flags) -> None:
    """--data and --classifier."""
    about = "A folder, a .zip or .npz file, emoji, digits or faces. By default a run's own; a model's must be named."
    flags.text("data", None, about)
    folder.declare_classifier(flags, "Compare features of a shipped classifier, in place of pixels")


def data_of(values: FlagValues, opened: Opened, target: str, shape: Sequence[int]) -> dict[str, EightBit]:
    """By split, "train" and, where there is one, "test". Raises UsageError where a model's data are not named."""
    if values.data is not None:
        found = open_reference(values.data, tuple(shape))
        if found["test"] is found["train"]:
            found.pop("test")
        if found["train"].shape != tuple(shape):
            raise ValueError(
                f"the images of --data={values.data} are {list(found['train'].shape)}, and the generator's {list(shape)}"
            )
        return found
    if opened.run is None:
        raise UsageError("a model does not hold its data: name them, such as --data=faces")
    return {split: get() for split, get in Reference(opened.run.setup).sets(target, tuple(shape)).items()}


def images_of(data: EightBit, most: int) -> np.ndarray:
    """float32 [n, H, W, C] in [-1, 1], the first `most`."""
    return data.images(np.arange(min(len(data), most))).astype(np.float32) / 127.5 - 1


def features_by(told: folder.Told | None) -> Callable[[np.ndarray], np.ndarray]:
    """Images [n, H, W, C] -> features [n, F]: the classifier's, or pixels."""
    return lambda images: images.reshape(len(images), -1) if told is None else told(images, "pooled")

"""The small networks that ship with the package: classifiers of the embedded data sets, and a segmenter of the faces' parts.

| name    | images      | tells         | F  | accuracy, train / test | config                   |
|---------|-------------|---------------|----|------------------------|--------------------------|
| digits  | 16 x 16 x 1 | 10 classes    | 64 | 100.00 % / 98.87 %     | configs/sngan_digits.py  |
| emoji   | 32 x 32 x 3 | 9 classes     | 64 | 87.53 % / 71.05 %      | configs/sngan_emoji.py   |
| faces   | 32 x 32 x 1 | 10 attributes | 64 | 99.53 % / 98.70 %      | configs/sngan_faces.py   |
| figures | 32 x 32 x 3 | 5 classes     | 64 | 100.00 % / 100.00 %    | configs/sngan_figures.py |

Each was trained on the training split by `python -m gan_jax.main --mode=classifier --config=... --out=<name>.npz`, with
the defaults of `gan_jax.verbs.classifier` (seed 0, 600 steps; 1, 4 and, of figures, 3 minutes of processor time); faces with
--steps=2000 (11 minutes). The facts in each file tell the rest. The classes of emoji are kinds of things, not shapes: 21 %
of the test images are in the largest. The attributes of faces on the 600 test images: glasses, beard, smiling, long_hair,
light_hair, facing_left and flowers 100.00 %, freckles 97.83 %, eyes_closed 96.83 % (dark lenses hide eyes), earrings 92.33 %
(hair and beards hide them).

| segmenter | images      | tells   | mean IoU, train / test | config                 |
|-----------|-------------|---------|------------------------|------------------------|
| faces     | 32 x 32 x 1 | 5 parts | 0.963 / 0.964          | configs/sngan_faces.py |

It was trained by `python -m gan_jax.main segmenter --config=sngan_faces --out=faces.npz` (seed 0, 1,500 steps; 4 minutes of
processor time). On the 600 test faces, pixels counted over all: hair 0.974, eyes 0.955, glasses 0.967, beard 0.965, mouth
0.960. Test faces are other combinations of the drawings that it was trained on. For faces of 64 x 64 it looks at means of 2 x 2
pixels, and its masks are as coarse: hair 0.872, eyes 0.655, glasses 0.854, beard 0.880, mouth 0.618, the mean 0.776.
"""

from __future__ import annotations

from importlib import resources

from gan_jax.features.classifier import classifier_extractor
from gan_jax.features.extractor import Extractor
from gan_jax.features.segmenter import Segmenter, segmenter_of
from gan_jax.features.weights import Weights, load_weights

_SEGMENTERS = "segmenters"  # their folder


def known_classifiers() -> tuple[str, ...]:
    """The names that `embedded_classifier` takes."""
    return tuple(sorted(file.name.removesuffix(".npz") for file in _folder().iterdir() if file.name.endswith(".npz")))


def embedded_weights(name: str) -> Weights:
    """The weights of a shipped classifier, with their facts. Raises ValueError for an unknown name."""
    if name not in (known := known_classifiers()):
        raise ValueError(
            f"no classifier {name!r} ships with gan_jax, only {', '.join(known)}: train one (--mode=classifier)"
        )
    with resources.as_file(_folder() / f"{name}.npz") as path:
        return load_weights(path)


def embedded_classifier(name: str) -> Extractor:
    """A shipped classifier, "digits", "emoji", "faces" or "figures":
    images uint8 [B, H, W, C] -> {"pooled": [B, 64], "logits": [B, K]}.

    Images must be as its config prepares them (see above). Raises ValueError for an unknown name.
    """
    return classifier_extractor(embedded_weights(name))


def known_segmenters() -> tuple[str, ...]:
    """The names that `embedded_segmenter` takes."""
    files = (_folder() / _SEGMENTERS).iterdir()
    return tuple(sorted(file.name.removesuffix(".npz") for file in files if file.name.endswith(".npz")))


def embedded_segmenter_weights(name: str) -> Weights:
    """The weights of a shipped segmenter, with their facts. Raises ValueError for an unknown name."""
    if name not in (known := known_segmenters()):
        raise ValueError(
            f"no segmenter {name!r} ships with gan_jax, only {', '.join(known)}: train one, gan_jax segmenter"
        )
    with resources.as_file(_folder() / _SEGMENTERS / f"{name}.npz") as path:
        return load_weights(path)


def embedded_segmenter(name: str) -> Segmenter:
    """A shipped segmenter, "faces": images float32 [B, 32, 32, 1] in [-1, 1] -> logits [B, 32, 32, 5] of `parts`.

    Raises ValueError for an unknown name.
    """
    return segmenter_of(embedded_segmenter_weights(name))


def _folder():
    return resources.files("gan_jax.features") / "embedded"

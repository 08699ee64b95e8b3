"""The networks that recipes name."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

import jax.numpy as jnp

from gan_jax.features.by_channel import BY_CHANNEL, by_channel
from gan_jax.features.classifier import classifier_extractor, told_by
from gan_jax.features.embedded import embedded_classifier, embedded_weights, known_classifiers
from gan_jax.features.extractor import Extractor
from gan_jax.features.inception import inception
from gan_jax.features.published import published_weights
from gan_jax.features.vgg import vgg16
from gan_jax.features.weights import load_weights


@dataclasses.dataclass(frozen=True)
class Extractors:
    """Opens networks by name: inception_2015, inception_2015/clean, vgg16, pixels, an embedded classifier, or yours;
    "digits/by_channel" and the like, a classifier of grey images on each channel apart.

    weights: files of the published networks' weights, by name, in place of the cache's. classifier: a file that
    --mode=classifier wrote; its own name is that of its recipes, fd_<name> and the like.
    """

    weights: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    classifier: str | None = None

    def __post_init__(self):
        known = ("inception_2015", "vgg16")
        if unknown := [name for name in self.weights if name not in known]:
            raise ValueError(f"weights are given for {' and '.join(known)}, not for {unknown[0]!r}")

    @classmethod
    def named(cls, pairs: Sequence[str], classifier: str | None = None) -> Self:
        """From "inception_2015=PATH" and the like. Raises ValueError for what is no pair."""
        if unreadable := [pair for pair in pairs if "=" not in pair]:
            raise ValueError(
                f"--extractor_weights are NAME=PATH, such as inception_2015=weights.npz, not {unreadable[0]!r}"
            )
        return cls(dict(pair.split("=", 1) for pair in pairs), classifier)

    def of(self, classifier: str | None) -> Self:
        """The same with a config's classifier, where none was given."""
        if self.classifier is not None or not classifier:
            return self
        return dataclasses.replace(self, classifier=os.path.expanduser(classifier))

    @property
    def own(self) -> str | None:
        """The name of the classifier that was given."""
        return None if self.classifier is None else str(load_weights(self.classifier).facts["name"])

    @property
    def classifiers(self) -> dict[str, str]:
        """The classifiers at hand, by name, and what their logits tell: "classes" or "attributes"."""
        facts = [embedded_weights(name).facts for name in known_classifiers()]
        facts += [] if self.classifier is None else [load_weights(self.classifier).facts]
        return {str(each["name"]): told_by(each) for each in facts}

    def open(self, name: str) -> Extractor:
        """The network of this name, with its weights. Raises ValueError and OSError where there are none."""
        if name.endswith(BY_CHANNEL):
            return by_channel(self.open(name.removesuffix(BY_CHANNEL)))
        if name == "pixels":
            return Extractor(_pixels, {}, "pixels", "none", "")
        if name in ("inception_2015", "inception_2015/clean"):
            published = published_weights("inception_2015", self.weights.get("inception_2015"))
            return inception(published, resize="clean" if name.endswith("/clean") else "tf1")
        if name == "vgg16":
            return vgg16(published_weights("vgg16", self.weights.get("vgg16")))
        if self.classifier is not None:
            own = load_weights(self.classifier)
            if own.facts["name"] == name:
                return classifier_extractor(own)
        return embedded_classifier(name)


def _pixels(variables, images):
    del variables
    return {"pixels": (images.astype(jnp.float32) / 255).reshape(images.shape[0], -1)}

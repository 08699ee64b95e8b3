"""AC-GAN: D also tells the class of an image, and both players want it told right (Odena et al., arXiv:1610.09585)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gan_jax import ranges
from gan_jax.nn.dense import Dense
from gan_jax.nn.weights import normal
from gan_jax.regularizers.base import Nothing, require_single_images
from gan_jax.types import Array, Batch, Head, Play, PyTree, Term, Verdict, Weight, weight_at


def class_loss(logits: Array, label: Array) -> tuple[Array, Array]:
    """(cross-entropy, accuracy), means over the images whose class is known: logits [B, K], label [B], -1 where it is not.

    Both are 0 where no class is known.
    """
    known = (label >= 0).astype(jnp.float32)
    n = jnp.maximum(jnp.sum(known), 1.0)
    each = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.maximum(label, 0))
    right = (jnp.argmax(logits, axis=-1) == label).astype(jnp.float32)
    return jnp.sum(known * each) / n, jnp.sum(known * right) / n


@dataclasses.dataclass(frozen=True)
class auxiliary_classifier(Nothing):
    """A head on D's features tells the class. Both players minimise its cross-entropy L_C (the paper's maximise -L_C):

        L_D += weight_d * (CE(head(real), label) + CE(head(fake), the label it was made for))
        L_G += weight_g * CE(head(fake), the label it was made for)

    Real images with label -1 are left out of the mean: some labels are enough.

    weight_d, weight_g: numbers or schedules of the round. The paper: 1 and 1; WGAN-GP's conditional CIFAR-10: 1.0 and 0.1.
    fakes: whether D learns the class of fakes too. The paper's formula has it so; WGAN-GP's code and some ports
        learn it of real images alone, where what G draws badly does not teach the head.
    scheme: "spectral" where D uses spectral norm, else None.
    num_classes: the game's, which a config fills in.
    """

    weight_d: Weight = 1.0
    weight_g: Weight = 1.0
    fakes: bool = True
    scheme: str | None = None
    num_classes: int = 0

    def __post_init__(self):
        ranges.weight("weight_d", self.weight_d)
        ranges.weight("weight_g", self.weight_g)
        ranges.whole("num_classes", self.num_classes, 0)

    def check(self, game: Any) -> None:
        """Raises ValueError where the game has no classes, G is not told them, or D is."""
        if not game.num_classes:
            raise ValueError(
                "auxiliary_classifier tells classes, and this game has none: set method.num_classes to the data's, and use "
                "labelled data"
            )
        if self.num_classes != game.num_classes:
            raise ValueError(
                f"auxiliary_classifier tells {self.num_classes} classes, and the game has {game.num_classes}"
            )
        if not getattr(game.generator, "num_classes", 0):
            raise ValueError("auxiliary_classifier: the generator is told no class, so its images cannot show one")
        if getattr(game.discriminator, "num_classes", 0):
            raise ValueError(
                "auxiliary_classifier: the discriminator is told the class that it should tell, and labels of -1 are no class "
                "that it could be told: set discriminator.num_classes to 0"
            )
        if game.fake_labels != "uniform":
            raise ValueError(
                "auxiliary_classifier: fakes of the real images' labels would be asked for label -1: leave "
                "method.fake_labels unset"
            )

    def heads(self) -> Mapping[str, Head]:
        module = Dense(self.num_classes, scheme=self.scheme, kernel_init=normal())
        return {"classifier": Head(module, "discriminator", lambda features: (features["pooled"],))}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        weight = weight_at(self.weight_d, play.clock)
        of_real, right_real = self._told(play, play.real, play.on_real)
        of_fake, right_fake = self._told(play, play.fake, play.on_fake)
        loss = of_real + of_fake if self.fakes else of_real
        metrics = {"class_real": of_real, "class_fake": of_fake}
        metrics |= {"class_accuracy_real": right_real, "class_accuracy_fake": right_fake}
        return Term(weight * loss, (), metrics, rests=weight == 0)

    def generator(self, play: Play, memory: PyTree) -> Term:
        weight = weight_at(self.weight_g, play.clock)
        loss, right = self._told(play, play.fake, play.on_fake)
        return Term(weight * loss, (), {"class_fake": loss, "class_accuracy_fake": right})

    def _told(self, play: Play, batch: Batch, seen: Verdict) -> tuple[jax.Array, jax.Array]:
        require_single_images("auxiliary_classifier", seen, batch)
        return class_loss(play.nets["classifier"](seen.features["pooled"]), batch["label"])

"""Self-supervision by rotation: SS-GAN (Chen et al., arXiv:1811.11212)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax

from gan_jax import ranges
from gan_jax.nn.dense import Dense
from gan_jax.nn.weights import glorot
from gan_jax.regularizers.base import Nothing, require_single_images
from gan_jax.types import Batch, Head, Play, PyTree, Term, Verdict, Weight, over_data, weight_at

CHOICES = ("all_angles", "one_angle")


def rotate(images: jax.Array, quarters: int) -> jax.Array:
    """Images [B, S, S, C] turned counter-clockwise by `quarters` right angles."""
    return jnp.rot90(images, quarters, axes=(1, 2))


@dataclasses.dataclass(frozen=True)
class rotation(Nothing):
    """D also tells by how many right angles an image was turned; G makes images whose turn D can tell.

        L_D += weight_d * CE(head(D's features of turned real images), turn)
        L_G += weight_g * CE(head(D's features of turned fake images), turn)

    Both players minimise: D learns the task on real images alone, and G helps it.

    weight_d, weight_g: beta and alpha of the paper; numbers or schedules of the round.
    fraction: of the batch's images that are turned; every (1 / fraction)-th image is taken, so that each device turns
        its own. The paper: a quarter (16 of 64, all four turns: 64 turned images).
    choice: "all_angles" turns each of those images by all four angles (the authors' compare_gan; the upright copy is
        the one that D has judged already), "one_angle" turns a quarter of them by each angle (torch-mimicry, which
        turns the whole batch: fraction 1).
    scheme: "spectral" where D uses spectral norm, else None.
    """

    weight_d: Weight = 1.0
    weight_g: Weight = 0.2
    fraction: float = 0.25
    choice: str = "all_angles"
    scheme: str | None = "spectral"

    def __post_init__(self):
        if self.choice not in CHOICES:
            raise ValueError(f"rotation's choice is one of {', '.join(CHOICES)}, not {self.choice!r}")
        ranges.weight("weight_d", self.weight_d)
        ranges.weight("weight_g", self.weight_g)
        ranges.within("fraction", self.fraction, 0, 1)
        if self.fraction == 0 or abs(round(1 / self.fraction) - 1 / self.fraction) > 1e-6:
            raise ValueError(f"rotation's fraction must be one over a whole number, such as 0.25; got {self.fraction}")

    def heads(self) -> Mapping[str, Head]:
        module = Dense(4, scheme=self.scheme, kernel_init=glorot())
        return {"rotation": Head(module, "discriminator", lambda features: (features["pooled"],))}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        weight = weight_at(self.weight_d, play.clock)
        return self._term(play, play.real, play.on_real, weight)

    def generator(self, play: Play, memory: PyTree) -> Term:
        weight = weight_at(self.weight_g, play.clock)
        return self._term(play, play.fake, play.on_fake, weight)

    def _term(self, play: Play, batch: Batch, seen: Verdict, weight: jax.Array) -> Term:
        require_single_images("rotation", seen, batch)
        pooled = seen.features["pooled"]
        turned, label, turns = self._turned(batch)
        features = play.nets["discriminator"](over_data(turned), label).features["pooled"]
        if self.choice == "all_angles":  # D has seen these images upright
            upright = pooled[:: round(1 / self.fraction)]
            features = jnp.concatenate([upright[:, None], features.reshape(-1, 3, features.shape[-1])], axis=1)
            features = features.reshape(-1, features.shape[-1])
        logits = play.nets["rotation"](features)  # [R, 4]
        loss = jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, turns))
        accuracy = jnp.mean((jnp.argmax(logits, axis=-1) == turns).astype(jnp.float32))
        metrics = {"rotation": loss, "rotation_accuracy": accuracy}
        return Term(weight * loss, (), metrics, rests=weight == 0)

    def _turned(self, batch: Batch) -> tuple[jax.Array, jax.Array | None, jax.Array]:
        """The images that D has yet to see [R', S, S, C], their classes, and the turns of all images judged [R]."""
        images, step = batch["image"], round(1 / self.fraction)
        if images.ndim != 4 or images.shape[1] != images.shape[2]:
            raise ValueError(f"rotation needs square images, got {images.shape[1:]}")
        if images.shape[0] % (4 * step if self.choice == "one_angle" else step):
            raise ValueError(
                f"rotation with fraction {self.fraction} does not divide a batch of {images.shape[0]}: make batch_size larger"
            )
        images = images[::step]
        label = batch["label"][::step] if "label" in batch else None
        # Copies stand beside their original, so that a batch laid over devices stays where it is.
        if self.choice == "all_angles":
            turned = jnp.stack([rotate(images, q) for q in (1, 2, 3)], axis=1)  # [n, 3, S, S, C]
            turns = jnp.tile(jnp.arange(4), images.shape[0])
            label = None if label is None else jnp.repeat(label, 3)
        else:
            turned = jnp.stack([rotate(images[q::4], q) for q in range(4)], axis=1)  # [n / 4, 4, S, S, C]
            turns = jnp.tile(jnp.arange(4), images.shape[0] // 4)
        return turned.reshape(-1, *images.shape[1:]), label, turns

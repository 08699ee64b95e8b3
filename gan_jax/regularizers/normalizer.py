"""G's adversarial gradient brought to one size, whatever the slope of D (as in arXiv:2511.22475)."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Play, PyTree, Term


@dataclasses.dataclass(frozen=True)
class gradient_normalizer(Nothing):
    """The gradient of G's adversarial loss by its images is divided by a moving average of its norm.

    So what other addends of G's loss weigh, next to the game's own, does not depend on how steep D is; under an optimiser
    that knows no size of gradients, such as Adam, nothing else changes. With g the gradient by the images, of N numbers in
    all, the norm is n = sqrt(average of N |g|^2), which no batch size changes: L = mean of the images has 1. The addend is
    <g / n - g, G(z)>, g and n constants: its gradient and the adversarial one make g / n. Its value is 0.

    decay: of the average of squares, an update of G. It begins with the first one; that of the authors' code, at 0.
    """

    decay: float = 0.9

    def __post_init__(self):
        ranges.decay("decay", self.decay)

    def init(self) -> PyTree:
        return {"squares": jnp.zeros(()), "updates": jnp.zeros((), jnp.int32)}

    def generator(self, play: Play, memory: PyTree) -> Term:
        images = play.fake["image"]
        judge = lambda x: play.nets["discriminator"](x, play.fake.get("label")).logits
        adversarial = lambda x: play.adversarial(play.on_real.logits, judge(x))
        slope = jax.lax.stop_gradient(jax.grad(adversarial)(jax.lax.stop_gradient(images)).astype(jnp.float32))
        now = images.size * jnp.sum(jnp.square(slope))
        squares = jnp.where(memory["updates"] > 0, self.decay * memory["squares"] + (1 - self.decay) * now, now)
        turned = jnp.vdot(slope * (1 / jnp.maximum(jnp.sqrt(squares), 1e-8) - 1), images)
        kept = {"squares": squares, "updates": memory["updates"] + 1}
        return Term(turned - jax.lax.stop_gradient(turned), kept, {"image_gradient_norm": jnp.sqrt(now)})

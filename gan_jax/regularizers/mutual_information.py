"""InfoGAN: images show the codes that they are made of (Chen et al., arXiv:1606.03657)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import ranges
from gan_jax.latents import Code, Latents, coded
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import batch_moments, normalize, scale_and_shift
from gan_jax.nn.weights import normal
from gan_jax.regularizers.base import Nothing, require_single_images
from gan_jax.types import Array, Head, Play, PyTree, Term, Verdict, Weight, weight_at


class CodeTeller(linen.Module):
    """Q: D's features [N, F] -> [N, outputs], by a dense layer, batch normalisation, leaky ReLU 0.1, and a dense layer.

    It is asked in training alone, so the normalisation is by the batch, and no statistics are kept.
    """

    outputs: int
    hidden: int = 128

    @linen.compact
    def __call__(self, features: Array) -> Array:
        x = Dense(self.hidden, use_bias=False, kernel_init=normal(), name="hidden")(features)
        x = normalize(x, *batch_moments(x))
        scale = self.param("scale", linen.initializers.ones, (self.hidden,))
        bias = self.param("bias", linen.initializers.zeros, (self.hidden,))
        x = jax.nn.leaky_relu(scale_and_shift(x, scale, bias), 0.1)
        return Dense(self.outputs, kernel_init=normal(), name="output")(x)


def code_loss(told: Array, codes: tuple[Code, ...], z: Array) -> dict[str, Array]:
    """-E[log Q(c | x)] in nats: of all categorical codes, "categorical", and of all continuous ones, "continuous"; [] each.

    told [N, sum of the codes' sizes] are logits of a categorical code's values, and means of the normal distributions, of
    standard deviation 1, of continuous ones. Besides "accuracy", the share of categorical codes told right, and "deviation",
    the root mean square error of continuous ones (guessing: 0.577). What there is no code for is left out.
    """
    at, nats, right, squares = 0, {}, [], []
    for code in codes:
        of, true = told[:, at : at + code.size], code.of(z)
        at += code.size
        if code.is_categorical:
            kind, loss = "categorical", jnp.mean(optax.softmax_cross_entropy(of, true))
            right.append(jnp.mean((jnp.argmax(of, -1) == jnp.argmax(true, -1)).astype(jnp.float32)))
        else:
            square = jnp.mean(jnp.square(of - true))
            kind, loss = "continuous", 0.5 * square + 0.5 * math.log(2 * math.pi)
            squares.append(square)
        nats[kind] = nats.get(kind, 0.0) + loss
    if right:
        nats["accuracy"] = jnp.mean(jnp.stack(right))
    if squares:
        nats["deviation"] = jnp.sqrt(jnp.mean(jnp.stack(squares)))
    return nats


@dataclasses.dataclass(frozen=True)
class mutual_information(Nothing):
    """A head Q on D's features tells the codes of a fake from its image, which bounds I(c; G(z, c)) from below by L_I:

        -L_I = weight * -E[log Q(c | x)] of categorical codes + weight_continuous * that of continuous ones, less H(c)

    H(c) is a constant, and left out.

    in_both: True, as openai/InfoGAN has it: -L_I is in D's loss, which trains D's features and Q, and in G's, which trains
        G. False, as the paper's formula has it (min over G and Q, max over D, of V - lambda L_I): -L_I is in G's loss alone,
        and trains G and Q; D's features serve it as they are.
    weight, weight_continuous: lambda; numbers or schedules of the round (the authors' code: 1 for both).
    hidden: width of Q's layer. latents: the game's, which a config fills in.
    """

    weight: Weight = 1.0
    weight_continuous: Weight = 1.0
    in_both: bool = True
    hidden: int = 128
    latents: Latents = coded()

    def __post_init__(self):
        ranges.weight("weight", self.weight)
        ranges.weight("weight_continuous", self.weight_continuous)
        ranges.whole("hidden", self.hidden)
        if not isinstance(self.in_both, bool):
            raise ValueError(f"in_both is True or False, not {self.in_both!r}")
        if not getattr(self.latents, "codes", ()):
            raise ValueError(
                "mutual_information tells the codes of the latents, and these have none: set latents to {'type': 'coded', "
                "'noise': {'type': 'uniform', 'dim': 62}, 'categorical': (10,), 'continuous': 2}"
            )

    def check(self, game: Any) -> None:
        """Raises ValueError where the game draws other latents than those whose codes it tells."""
        if game.latents != self.latents:
            raise ValueError(f"mutual_information tells the codes of {self.latents}, and the game draws {game.latents}")

    def heads(self) -> Mapping[str, Head]:
        module = CodeTeller(sum(code.size for code in self.latents.codes), self.hidden)
        player = "discriminator" if self.in_both else "generator"
        return {"codes": Head(module, player, lambda features: (features["pooled"],))}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return self._term(play) if self.in_both else Term(jnp.zeros(()))

    def generator(self, play: Play, memory: PyTree) -> Term:
        return self._term(play)

    def _term(self, play: Play) -> Term:
        seen: Verdict = play.on_fake
        require_single_images("mutual_information", seen, play.fake)
        found = code_loss(play.nets["codes"](seen.features["pooled"]), self.latents.codes, play.latents["z"])
        weights = {"categorical": self.weight, "continuous": self.weight_continuous}
        now = {kind: weight_at(weight, play.clock) for kind, weight in weights.items() if kind in found}
        loss = sum(weight * found[kind] for kind, weight in now.items())
        rests = jnp.all(jnp.stack([weight == 0 for weight in now.values()]))
        return Term(loss, (), {f"code_{name}": value for name, value in found.items()}, rests=rests)

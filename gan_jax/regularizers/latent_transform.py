"""Self-supervision by transformed latents: LT-GAN (Patel et al., arXiv:2010.09893)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax.game import Sampler
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense
from gan_jax.nn.weights import glorot
from gan_jax.regularizers.base import Nothing, require_single_images
from gan_jax.types import Array, Batch, Head, Measured, Play, PyTree, Term, Weight, named_key, over_data, weight_at

KINDS = ("mlp", "linear", "conv")
_MEASURED = 64  # latents that a measure looks at


class Transforms(NamedTuple):
    """What is done to N latents, and which of them are compared."""

    z: Array  # [N, Z], z + eps
    partner: Array  # [N] int32: the latent that each is paired with
    same: Array  # [N] float32: 1 where both of a pair were moved by the same eps


def transform_latents(key: Array, z: Array, sigma_eps: float) -> Transforms:
    """Two eps ~ N(0, sigma_eps^2) a batch, in turn along it, so that pairs with the same eps exist; pairs by a permutation."""
    eps = sigma_eps * jax.random.normal(named_key(key, "eps"), (2, z.shape[-1]), z.dtype)
    which = jnp.arange(z.shape[0]) % 2
    second = (which == 1)[:, None]
    partner = jax.random.permutation(named_key(key, "pairs"), z.shape[0])
    moved = z + jnp.where(second, eps[1:], eps[:1])
    return Transforms(moved, partner, (which == which[partner]).astype(jnp.float32))


def tapped(features: Mapping[str, Array], tap: str, as_map: bool) -> Array:
    """E of the paper: D's features [N, ..., F] at a tap, averaged over the image to [N, F], or as a map. float32."""
    if tap not in features:
        raise ValueError(f"the discriminator has no tap {tap!r}; it has {', '.join(features)}")
    feature = features[tap].astype(jnp.float32)
    if as_map:
        if feature.ndim != 4:
            raise ValueError(f"kind 'conv' needs a map [N, h, w, F], and the tap {tap!r} is {list(feature.shape)}")
        return feature
    return jnp.mean(feature, axis=tuple(range(1, feature.ndim - 1)))


class PairJudge(linen.Module):
    """A of the paper: two differences [N, F] (or [N, h, w, F]) -> logits [N] that both come from the same eps.

    kind: "mlp": one hidden layer with ReLU; "linear": none; "conv": one 3 x 3 convolution with ReLU, then the mean.
    """

    hidden: int = 256
    kind: str = "mlp"

    @linen.compact
    def __call__(self, first: Array, second: Array) -> Array:
        x = jnp.concatenate([first, second], axis=-1)
        if self.kind == "mlp":
            x = jax.nn.relu(Dense(self.hidden, kernel_init=glorot(2**0.5), name="hidden")(x))
        elif self.kind == "conv":
            x = jax.nn.relu(Conv(self.hidden, kernel_init=glorot(2**0.5), name="hidden")(x))
            x = jnp.mean(x, axis=(1, 2))
        return Dense(1, kernel_init=glorot(), name="output")(x)[:, 0]


def _accuracy(logits: Array, same: Array) -> Array:
    return jnp.mean(((logits > 0) == (same > 0.5)).astype(jnp.float32))


def pair_accuracy(
    judge: Callable[[Array, Array], Array],
    generator: Callable[[Array], Array],
    features: Callable[[Array], Mapping[str, Array]],
    z: Array,
    key: Array,
    sigma_eps: float | Array,
    tap: str,
    as_map: bool = False,
) -> Array:
    """How often the auxiliary net tells right whether two images were moved by the same eps: [] from 0 to 1.

    judge(first, second) -> logits [N], generator(z) -> images, features(images) -> D's taps: all frozen. z: fresh latents
    [N, Z]. One batch has two eps: average over several keys. as_map: True where judge is of kind "conv". 0.5 is guessing.
    """
    moved = transform_latents(key, z, sigma_eps)
    seen = lambda z: tapped(features(generator(z)), tap, as_map)
    change = seen(moved.z) - seen(z)
    return _accuracy(judge(change, change[moved.partner]), moved.same)


@dataclasses.dataclass(frozen=True)
class _FreshPairs:
    """`pair_accuracy` on fresh samples, as a game's own measure. Equal where its settings are: one program for all."""

    tap: str
    as_map: bool

    def __call__(
        self, nets: Mapping[str, Callable], sampler: Sampler, key: Array, batch: Batch, sigma_eps: Array
    ) -> Array:
        starts = sampler.starts(named_key(key, "starts"), jnp.arange(_MEASURED))
        generator = lambda z: sampler.synthesize(sampler.map({**starts, "z": z}))[0]
        judge, features = nets["latent_transform"], nets["discriminator"]
        return pair_accuracy(judge, generator, features, starts["z"], key, sigma_eps, self.tap, self.as_map)


@dataclasses.dataclass(frozen=True)
class latent_transform(Nothing):
    """G makes images in which the same step in z shows as the same change; a small net A is trained to see it.

        f(z, eps) = E(G(z + eps)) - E(G(z)), E = a tap of D, averaged over the image
        L_G, L_A += weight_g * BCE(A(f(z1, eps1), f(z2, eps2)), 1 if eps1 = eps2 else 0)
        L_D      += weight_d * the game's own loss of D, on the real images and G(z + eps)

    G and A minimise their term together; D has no part in it. The paper starts it after a warm-up, and doubles G's
    batch: `warm_up`, and generator_batch_multiple of the method.

    weight_g: lambda. sigma_eps: standard deviation of eps, below that of z. Both are sweeps: the paper's FID is
    U-shaped in either. Latents should be normal: uniform ones would leave their range.
    tap: the name of one of D's features. hidden: width of A. kind: "mlp" (the paper), "linear" or "conv" (its
    ablation). learning_rate: of A's Adam, which has library defaults in the paper.
    weight_d: 1 weighs the loss on (real, G(z + eps)) as the one on (real, G(z)). It is the loss with its real side,
    so that D is not pulled towards calling everything fake, and any loss will do.
    warm_up: rounds in which both weights are 0, and A rests. Its passes run in them nonetheless: `timing.after` would
    spare them, but its branch makes every later round a quarter slower on the CPU.
    """

    weight_g: Weight
    sigma_eps: float
    tap: str
    hidden: int = 256
    kind: str = "mlp"
    weight_d: Weight = 1.0
    learning_rate: float = 1e-3
    warm_up: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"latent_transform's kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.sigma_eps <= 0:
            raise ValueError(f"sigma_eps must be more than 0, got {self.sigma_eps}")
        if self.warm_up < 0:
            raise ValueError(f"warm_up counts rounds, so it is 0 or more, not {self.warm_up}")

    def heads(self) -> Mapping[str, Head]:
        def example(features: Mapping[str, Array]) -> tuple[Array, Array]:
            feature = tapped(features, self.tap, self.kind == "conv")
            return feature, feature

        judge = PairJudge(self.hidden, self.kind)
        return {"latent_transform": Head(judge, "generator", example, optax.adam(self.learning_rate))}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        images = jax.lax.stop_gradient(self._images(play, self._transforms(play)))
        verdict = play.nets["discriminator"](images, play.latents.get("label"))
        loss = play.adversarial(play.on_real.logits, verdict.logits)
        return Term(self._weight(self.weight_d, play) * loss, memory, {"latent_transform": loss})

    def generator(self, play: Play, memory: PyTree) -> Term:
        require_single_images("latent_transform", play.on_fake, play.fake)
        moved, as_map = self._transforms(play), self.kind == "conv"
        verdict = play.nets["discriminator"](self._images(play, moved), play.latents.get("label"))
        before = tapped(play.on_fake.features, self.tap, as_map)
        change = tapped(verdict.features, self.tap, as_map) - before
        logits = play.nets["latent_transform"](change, change[moved.partner])  # [N]
        loss = jnp.mean(optax.sigmoid_binary_cross_entropy(logits, moved.same))
        metrics = {"latent_transform": loss, "latent_transform_accuracy": _accuracy(logits, moved.same)}
        weight = self._weight(self.weight_g, play)
        return Term(weight * loss, memory, metrics, rests=weight == 0)

    def measures(self) -> Mapping[str, tuple[Measured, Mapping[str, float]]]:
        """How often A tells right on fresh samples; it can be asked at other sigma_eps."""
        return {"latent_transform": (_FreshPairs(self.tap, self.kind == "conv"), {"sigma_eps": self.sigma_eps})}

    def _weight(self, weight: Weight, play: Play) -> Array:
        return jnp.where(play.clock.round < self.warm_up, 0.0, weight_at(weight, play.clock))

    def _transforms(self, play: Play) -> Transforms:
        return transform_latents(play.key, play.latents["z"], self.sigma_eps)

    @staticmethod
    def _images(play: Play, moved: Transforms) -> Array:
        return over_data(play.nets["generator"](moved.z, play.latents.get("label")))

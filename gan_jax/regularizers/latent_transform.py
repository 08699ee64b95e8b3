"""Self-supervision by transformed latents: LT-GAN (Patel et al., arXiv:2010.09893)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import ranges
from gan_jax.game import Sampler
from gan_jax.names import one_of
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


def tapped(
    features: Mapping[str, Array],
    tap: str,
    as_map: bool = False,
    window: int | None = None,
    stride: int | None = None,
    padding: int = 0,
) -> Array:
    """E of the paper: D's features [N, ..., F] at a tap, as [N, F'] or as a map [N, h', w', F]. float32.

    window: None: the average over the whole image, F' = F, or the map as it is. Else averages over windows of that side,
    `stride` apart (None: the window's side), on a map with `padding` zeros around it, which count; flattened, or a map.
    Raises ValueError for a tap that there is not, or that is no map where one is needed.
    """
    if tap not in features:
        raise ValueError(f"the discriminator has no tap {tap!r}; it has {', '.join(features)}")
    feature = features[tap].astype(jnp.float32)
    if feature.ndim != 4 and (as_map or window is not None):
        what = "kind 'conv'" if as_map else "a pooling window"
        raise ValueError(f"{what} needs a map [N, h, w, F], and the tap {tap!r} is {list(feature.shape)}")
    if window is None:
        return feature if as_map else jnp.mean(feature, axis=tuple(range(1, feature.ndim - 1)))
    if window > min(feature.shape[1:3]) + 2 * padding:
        raise ValueError(f"pool_window {window} is larger than the map of the tap {tap!r}, {list(feature.shape)}")
    apart, zeros = stride or window, (padding, padding)
    feature = linen.avg_pool(feature, (window, window), (apart, apart), (zeros, zeros))
    return feature if as_map else feature.reshape(feature.shape[0], -1)


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
    feature: Callable[[Array], Array],
    z: Array,
    key: Array,
    sigma_eps: float | Array,
) -> Array:
    """How often the auxiliary net tells right whether two images were moved by the same eps: [] from 0 to 1.

    judge(first, second) -> logits [N], generator(z) -> images, feature(images) -> E of them: all frozen. z: fresh latents
    [N, Z]. One batch has two eps: average over several keys. 0.5 is guessing.
    """
    moved = transform_latents(key, z, sigma_eps)
    seen = lambda z: feature(generator(z))
    change = seen(moved.z) - seen(z)
    return _accuracy(judge(change, change[moved.partner]), moved.same)


@dataclasses.dataclass(frozen=True)
class _FreshPairs:
    """`pair_accuracy` on fresh samples, as a game's own measure. Equal where its settings are: one program for all."""

    tap: str
    as_map: bool
    pooling: tuple[int | None, int | None, int] = (None, None, 0)

    def __call__(
        self, nets: Mapping[str, Callable], sampler: Sampler, key: Array, batch: Batch, sigma_eps: Array
    ) -> Array:
        starts = sampler.starts(named_key(key, "starts"), jnp.arange(_MEASURED))
        generator = lambda z: sampler.synthesize(sampler.map({**starts, "z": z}))[0]
        feature = lambda images: tapped(nets["discriminator"](images), self.tap, self.as_map, *self.pooling)
        return pair_accuracy(nets["latent_transform"], generator, feature, starts["z"], key, sigma_eps)


@dataclasses.dataclass(frozen=True)
class latent_transform(Nothing):
    """G makes images in which the same step in z shows as the same change; a small net A is trained to see it.

        f(z, eps) = E(G(z + eps)) - E(G(z)), E = a tap of D, pooled
        L_G, L_A += weight_g * BCE(A(f(z1, eps1), f(z2, eps2)), 1 if eps1 = eps2 else 0)
        L_D      += share_d * (the game's own loss of D on the real images and G(z + eps) - its loss on them and G(z))

    G and A minimise their term together; D has no part in it. The paper starts it after a warm-up, and doubles G's
    batch: `warm_up`, and generator_batch_multiple of the method.

    weight_g: lambda. sigma_eps: standard deviation of eps, below that of z. Both are sweeps: the paper's FID is
    U-shaped in either. Latents should be normal: uniform ones would leave their range.
    tap: the name of one of D's features. pool_window, pool_stride, pool_padding: of its average pooling, see `tapped`;
    no window: the average over the whole image. The paper pools by windows and flattens; its numbers are not known.
    hidden: width of A. kind: "mlp" (the paper), "linear" or "conv" (its ablation). learning_rate: of A's Adam, which has
    library defaults in the paper.
    share_d: of the images of G(z + eps) in D's adversarial loss, from 0 to 1. That loss as a whole keeps its weight
    against those of other tasks (lambda of consistency, beta of the rotation task), before the warm-up and after it. 0.5:
    as if D saw G(z) and G(z + eps) in one batch of fakes, of which it takes the mean; the paper only says that D learns to
    call both fake.
    warm_up: rounds in which weight_g and share_d are 0, and A rests. Its passes run in them nonetheless: `timing.after`
    would spare them, but its branch makes every later round a quarter slower on the CPU.
    """

    weight_g: Weight
    sigma_eps: float
    tap: str
    hidden: int = 256
    kind: str = "mlp"
    pool_window: int | None = None
    pool_stride: int | None = None
    pool_padding: int = 0
    share_d: Weight = 0.5
    learning_rate: float = 1e-3
    warm_up: int = 0

    def __post_init__(self):
        one_of(self.kind, KINDS, "latent_transform's kind")
        ranges.weight("weight_g", self.weight_g)
        ranges.weight("share_d", self.share_d, highest=1)
        ranges.positive("sigma_eps", self.sigma_eps)
        ranges.not_negative("learning_rate", self.learning_rate)
        ranges.whole("hidden", self.hidden)
        ranges.whole("warm_up", self.warm_up, 0)
        ranges.whole("pool_padding", self.pool_padding, 0)
        if self.pool_window is None:
            if self.pool_stride is not None or self.pool_padding:
                raise ValueError("pool_stride and pool_padding are of windows: set pool_window too")
            return
        ranges.whole("pool_window", self.pool_window)
        ranges.whole("pool_stride", self.pool_window if self.pool_stride is None else self.pool_stride)
        if self.pool_padding >= self.pool_window:
            raise ValueError(f"pool_padding {self.pool_padding} leaves windows of {self.pool_window} with zeros alone")

    def heads(self) -> Mapping[str, Head]:
        def example(features: Mapping[str, Array]) -> tuple[Array, Array]:
            feature = self._feature(features)
            return feature, feature

        judge = PairJudge(self.hidden, self.kind)
        return {"latent_transform": Head(judge, "generator", example, optax.adam(self.learning_rate))}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        images = jax.lax.stop_gradient(self._images(play, self._transforms(play)))
        verdict = play.nets["discriminator"](images, play.latents.get("label"))
        loss = play.adversarial(play.on_real.logits, verdict.logits)
        unmoved = play.adversarial(play.on_real.logits, play.on_fake.logits)
        share = self._weight(self.share_d, play)
        return Term(share * (loss - unmoved), memory, {"latent_transform": loss})

    def generator(self, play: Play, memory: PyTree) -> Term:
        require_single_images("latent_transform", play.on_fake, play.fake)
        moved = self._transforms(play)
        verdict = play.nets["discriminator"](self._images(play, moved), play.latents.get("label"))
        change = self._feature(verdict.features) - self._feature(play.on_fake.features)
        logits = play.nets["latent_transform"](change, change[moved.partner])  # [N]
        loss = jnp.mean(optax.sigmoid_binary_cross_entropy(logits, moved.same))
        metrics = {"latent_transform": loss, "latent_transform_accuracy": _accuracy(logits, moved.same)}
        weight = self._weight(self.weight_g, play)
        return Term(weight * loss, memory, metrics, rests=weight == 0)

    def measures(self) -> Mapping[str, tuple[Measured, Mapping[str, float]]]:
        """How often A tells right on fresh samples; it can be asked at other sigma_eps."""
        pooling = self.pool_window, self.pool_stride, self.pool_padding
        measure = _FreshPairs(self.tap, self.kind == "conv", pooling)
        return {"latent_transform": (measure, {"sigma_eps": self.sigma_eps})}

    def _feature(self, features: Mapping[str, Array]) -> Array:
        pooling = self.pool_window, self.pool_stride, self.pool_padding
        return tapped(features, self.tap, self.kind == "conv", *pooling)

    def _weight(self, weight: Weight, play: Play) -> Array:
        return jnp.where(play.clock.round < self.warm_up, 0.0, weight_at(weight, play.clock))

    def _transforms(self, play: Play) -> Transforms:
        return transform_latents(play.key, play.latents["z"], self.sigma_eps)

    @staticmethod
    def _images(play: Play, moved: Transforms) -> Array:
        return over_data(play.nets["generator"](moved.z, play.latents.get("label")))

"""What the generators of StyleGAN 1 and 2 share: latents z become codes w, one for each layer, and codes become images."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.levels import Levels
from gan_jax.architectures.parts.mapping import Mapping
from gan_jax.names import one_of


class StyledGenerator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C], unbounded, by way of codes w [B, layers, W], two layers a level.

    w_dim: W. mapping_layers, mapping_rate: of the mapping network and its learning-rate multiplier; 0 layers: w is the
    normalised z, and W is Z. mixing: in training, the share of coins that give the layers from a random one on the codes
    of other latents. mixing_group: images a coin is tossed for, so that the number of devices changes nothing; None: the
    batch. other_latents: "drawn": N(0, 1) of their own; "given": the second half of the latents, [B, 2 Z], so that a task
    may change both. w_decay: of the average of w, which starts at 0.
    Taps: "synthesis/block0", ....
    """

    mapping_style: ClassVar[str] = "stylegan"

    image_shape: tuple[int, int, int]
    base: tuple[int, int] = (4, 4)
    channel_base: int = 16384
    channel_max: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_rate: float = 0.01
    mixing: float = 0.9
    mixing_group: int | None = None
    other_latents: str = "drawn"
    w_decay: float = 0.995
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        Levels(self.image_shape, self.base, self.channel_base, self.channel_max)  # raises for what does not fit
        ranges.whole("w_dim", self.w_dim)
        ranges.whole("mapping_layers", self.mapping_layers, 0)
        ranges.positive("mapping_rate", self.mapping_rate)
        ranges.within("mixing", self.mixing, 0, 1)
        if self.mixing_group is not None:
            ranges.whole("mixing_group", self.mixing_group)
        one_of(self.other_latents, ("drawn", "given"), "other_latents")
        ranges.decay("w_decay", self.w_decay)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    def setup(self):
        self.levels = Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        self.mapping = Mapping(self.w_dim, self.mapping_layers, self.mapping_rate, self.num_classes, self.mapping_style)
        self.synthesis = self._synthesis()
        self.average = self.variable("averages", "w", jnp.zeros, (self.w_dim,), jnp.float32)

    def _synthesis(self) -> linen.Module:
        raise ValueError("a styled generator is stylegan.Generator or stylegan2.Generator")

    def __call__(
        self,
        latents: jax.Array,
        label: jax.Array | None = None,
        train: bool = False,
        shape: tuple[int, ...] | None = None,
        fade: Any = 1.0,
    ) -> jax.Array:
        """Images of `shape` (H, W, C), None: the finished size. train: codes are mixed, and the average of w moves."""
        codes = self.map(latents, label, train, shape)
        return self.synthesize(codes, label, train, shape, fade)

    def map(
        self,
        latents: jax.Array,
        label: jax.Array | None = None,
        train: bool = False,
        shape: tuple[int, ...] | None = None,
        fade: Any = 1.0,
    ) -> jax.Array:
        """w [B, layers, W], layers those of the finished size. train: mixed, and the average of w moves, by them unmixed."""
        del fade
        first, other = jnp.split(latents, 2, -1) if self.other_latents == "given" else (latents, None)
        w = self.mapping(first, label)
        if w.shape[-1] != self.w_dim:
            raise ValueError(f"without a mapping w is the normalised input: w_dim is {w.shape[-1]}, not {self.w_dim}")
        if train and self.is_mutable_collection("averages") and not self.is_initializing():
            mean = jnp.mean(w.astype(jnp.float32), 0)
            self.average.value = self.w_decay * self.average.value + (1 - self.w_decay) * mean
        codes = jnp.broadcast_to(w[:, None], (w.shape[0], self.layers, self.w_dim))
        if not (train and self.mixing) or self.is_initializing():
            return codes
        if other is None:
            other = jax.random.normal(self.make_rng("noise"), first.shape, first.dtype)
        return self._mixed(codes, self.mapping(other, label), shape)

    def _mixed(self, codes: jax.Array, other: jax.Array, shape: tuple[int, ...] | None) -> jax.Array:
        """codes [B, layers, W] with those of `other` [B, W] from a random layer on, by one coin a group."""
        used, group = 2 * (self.levels.level_of(shape or self.image_shape) + 1), self.mixing_group or len(codes)
        if len(codes) % group:
            raise ValueError(
                f"a coin for every {group} images (mixing_group) needs batches of so many, not {len(codes)}"
            )
        coins, places = jax.random.split(self.make_rng("noise"))
        groups = (len(codes) // group,)
        place = jax.random.randint(places, groups, 1, used)  # 1 .. layers in use - 1
        place = jnp.where(jax.random.uniform(coins, groups) < self.mixing, place, used)
        from_other = jnp.arange(self.layers)[None] >= jnp.repeat(place, group)[:, None]  # [B, layers]
        return jnp.where(from_other[..., None], other[:, None], codes)

    @property
    def layers(self) -> int:
        """Codes an image: two a level of the finished size."""
        return 2 * (Levels(self.image_shape, self.base, self.channel_base, self.channel_max).last + 1)

    def synthesize(
        self,
        codes: jax.Array,
        label: jax.Array | None = None,
        train: bool = False,
        shape: tuple[int, ...] | None = None,
        fade: Any = 1.0,
    ) -> jax.Array:
        """Images of codes w [B, layers, W]. Layers above `shape`'s are not looked at."""
        del label, train
        return self.synthesis(codes, shape, fade)

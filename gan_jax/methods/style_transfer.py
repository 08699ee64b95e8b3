"""AdaIN style transfer (Huang & Belongie, arXiv:1703.06868): one decoder for any style.

A frozen VGG-19 encodes content and style; the content's features take the style's moments, channel by channel, and the
decoder makes an image of them. It is trained to be seen by the same VGG-19 with those features and those moments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen, struct

from gan_jax import game, ranges
from gan_jax.game import Edit, Phase, Stretch
from gan_jax.methods.update import Outcome, begun_anew, update
from gan_jax.nn.norms.adain import style_moments, with_moments
from gan_jax.nn.tap import activations, as_collection, require_taps
from gan_jax.types import Array, Batch, Network, PyTree, TrainState, Weight, is_schedule, named_key, weight_at

CONTENT, STYLE = GIVEN = ("content", "style")
EPSILON = 1e-5  # added to every variance, as in the PyTorch port

Moments = tuple[Array, Array]  # mean and deviation of each channel, [B, 1, 1, F] each


def content_loss(seen: Array, target: Array) -> Array:
    """The mean square of what the encoder sees of the image beside what it was made of: Eq. (12). [B, h, w, F] twice -> []."""
    return jnp.mean(jnp.square(seen - target))


def style_loss(seen: Mapping[str, Array], style: Mapping[str, Array]) -> Array:
    """The mean squares between means and deviations of channels, summed over the taps: Eq. (13). [B, h, w, F] each -> []."""
    total = jnp.zeros(())
    for tap in seen:
        pairs = zip(style_moments(seen[tap], EPSILON), style_moments(style[tap], EPSILON), strict=True)
        total += sum(jnp.mean(jnp.square(ours - theirs)) for ours, theirs in pairs)
    return total


class StyleSampler(struct.PyTreeNode):
    """Images in the style of others: a `gan_jax.game.Sampler` that starts from a content and a style image.

    Codes: {"content": features [n, h, w, F], "mean", "deviation": the style's [n, 1, 1, F]}; styles are blended where means
    and deviations are.

    alpha: [] from 0 (the content as the decoder sees it) to 1 (the style whole); between them the features are mixed, Eq. (14).
    """

    encoder: linen.Module = struct.field(pytree_node=False)
    decoder: linen.Module = struct.field(pytree_node=False)
    variables: Mapping[str, PyTree]  # "encoder", "decoder"
    alpha: Any = 1.0
    num_classes: int = struct.field(pytree_node=False, default=0)

    @property
    def given(self) -> tuple[str, ...]:
        return GIVEN

    @property
    def target(self) -> str:
        return STYLE

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """The given {"content": [n, H, W, C], "style": [n, H', W', C]} in [-1, 1]; chance has no part."""
        if given is None:
            raise ValueError("style transfer starts from content and style images, and was given none")
        return {name: given[name] for name in GIVEN}

    def map(self, starts: Batch) -> Batch:
        """Codes of content and style images."""
        mean, deviation = self.style(starts[STYLE])
        return {CONTENT: self.content(starts[CONTENT]), "mean": mean, "deviation": deviation}

    def content(self, images: Array) -> Array:
        """What the encoder sees of images [n, H, W, C] in [-1, 1]: features [n, h, w, F]."""
        return last(self.encoder.apply(self.variables["encoder"], images))

    def style(self, images: Array) -> Moments:
        """The style of each image [n, H, W, C] in [-1, 1]."""
        return style_moments(self.content(images), EPSILON)

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Images [n, 8h, 8w, C] about [-1, 1], and the activations of the decoder's named layers, as after the edits."""
        content = codes[CONTENT]
        transferred = with_moments(content, codes["mean"], codes["deviation"], EPSILON)
        features = self.alpha * transferred + (1 - self.alpha) * content
        variables = {**self.variables["decoder"], **({"edits": as_collection(edits)} if edits else {})}
        images, sown = self.decoder.apply(variables, features, mutable=["taps"])
        known = activations(sown)
        require_taps((*taps, *(edits or ())), known)
        return images, {name: known[name] for name in taps}


class EncoderObserver(struct.PyTreeNode):
    """A `game.Observer`: what the frozen encoder sees."""

    encoder: linen.Module = struct.field(pytree_node=False)
    variables: PyTree

    def __call__(self, images: Array) -> Mapping[str, Array]:
        return self.encoder.apply(self.variables, images)


class TransferLoss(struct.PyTreeNode):
    """A `game.Measure`: the content or the style loss of a batch, without their weights."""

    sampler: StyleSampler
    which: str = struct.field(pytree_node=False)

    def __call__(self, key: Array, batch: Batch) -> Array:
        return losses(self.sampler, batch[CONTENT], batch[STYLE])[self.which]


def losses(sampler: StyleSampler, content: Array, style: Array, rebuilt: bool = False) -> dict[str, Array]:
    """{"content": [], "style": []} of images [B, H, W, C] in [-1, 1], all of one size; with `rebuilt` "reconstruction", too."""
    see = lambda images: sampler.encoder.apply(sampler.variables["encoder"], images)
    draw = lambda features: sampler.decoder.apply(sampler.variables["decoder"], features)
    both = see(jnp.concatenate([style, content]))  # one pass
    of_style = {tap: maps[: len(style)] for tap, maps in both.items()}
    mean, deviation = style_moments(last(of_style), EPSILON)
    of_content = last(both)[len(style) :]
    target = with_moments(of_content, mean, deviation, EPSILON)
    images = draw(jnp.concatenate([target, last(both)]) if rebuilt else target)
    seen = see(images[: len(target)])
    found = {CONTENT: content_loss(last(seen), target), STYLE: style_loss(seen, of_style)}
    if rebuilt:
        same = images[len(target) :, : content.shape[1], : content.shape[2]]
        found["reconstruction"] = jnp.mean(jnp.square(same - jnp.concatenate([style, content])))
    return found


def last(found: Mapping[str, Array]) -> Array:
    """The activations of the encoder's last tap, in which content is compared and moments are exchanged."""
    return list(found.values())[-1]


@dataclasses.dataclass(frozen=True)
class StyleTransfer:
    """The game of one player, the decoder.

    content_weight, style_weight: of the two losses. Both are means over all numbers; the authors' Lua code sums, and its
    style weight of 1e-2 is not this one. The paper's balance is 1 and 10 in the PyTorch port.
    reconstruction_weight: of the mean square between content or style and what the decoder makes of its own features, in
        pixels. Not the paper's: it starts a decoder on images (an identity loss of arXiv:1812.02342, Sec. 3.3).
    """

    networks: ClassVar[tuple[str, ...]] = ("decoder", "encoder")
    frozen: ClassVar[tuple[str, ...]] = ("encoder",)

    decoder: linen.Module
    encoder: Any  # features.vgg19.Encoder, or any that has `load`
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    content_weight: Weight = 1.0
    style_weight: Weight = 10.0
    reconstruction_weight: Weight = 0.0

    def __post_init__(self):
        for name in ("content_weight", "style_weight", "reconstruction_weight"):
            ranges.weight(name, getattr(self, name))
        for shape in (each.phase.shape for each in self.stretches):
            if len(shape) != 3 or shape[-1] not in (1, 3) or any(side % 8 or side < 16 for side in shape[:2]):
                raise ValueError(
                    "style transfer is trained on images (H, W, 1 or 3) whose sides are multiples of 8 from 16 on, and the"
                    f" config's are {shape}; afterwards any size will do"
                )

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """Content and style images, [1, B, H, W, C] each."""
        leaf = jax.ShapeDtypeStruct((1, phase.batch_size, *phase.shape), jnp.float32)
        return dict.fromkeys(GIVEN, leaf)

    def init(self, key: Array) -> TrainState:
        image = jnp.zeros((1, *self.stretches[-1].phase.shape))
        seen, encoder = self.encoder.init_with_output(named_key(key, "encoder"), image)
        params = self.decoder.init(named_key(key, "decoder"), last(seen))["params"]
        network = Network(params, {}, self.optimizers["decoder"].init(params))
        return TrainState(jnp.zeros((), jnp.int32), key, {"decoder": network}, {}, {"encoder": encoder})

    def load(self) -> Mapping[str, PyTree]:
        return {"encoder": self.encoder.load()}

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, Mapping[str, Array]]:
        now = game.clock(self.stretches, state.step)
        rebuilt = is_schedule(self.reconstruction_weight) or self.reconstruction_weight != 0
        weights = {CONTENT: self.content_weight, STYLE: self.style_weight, "reconstruction": self.reconstruction_weight}

        def loss(params: Mapping[str, PyTree], images: tuple[Array, Array], key: Array) -> tuple[Array, Outcome]:
            found = losses(self._sampler(params["decoder"], state), *images, rebuilt)
            total = sum(weight_at(weights[name], now) * value for name, value in found.items())
            return total, Outcome({"total": total, **found})

        anew = game.begins_anew(self.stretches, state.step, "decoder")
        networks = {"decoder": begun_anew(anew, state.networks["decoder"], self.optimizers["decoder"])}
        images = (batch[CONTENT][0], batch[STYLE][0])
        networks, outcome = update(networks, ("decoder",), loss, images, state.key, self.optimizers, now)
        metrics = {f"decoder/{name}": value for name, value in outcome.metrics.items()}
        return state.replace(step=state.step + 1, networks=networks), metrics

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, StyleSampler]:
        return {"stylized": self._sampler(state.networks["decoder"].params, state)}

    def observers(self, state: TrainState, phase: Phase) -> dict[str, EncoderObserver]:
        return {"encoder": EncoderObserver(self.encoder, state.frozen["encoder"])}

    def measures(self, state: TrainState, phase: Phase) -> dict[str, TransferLoss]:
        sampler = self._sampler(state.networks["decoder"].params, state)
        return {f"{which}_loss": TransferLoss(sampler, which) for which in GIVEN}

    def _sampler(self, params: PyTree, state: TrainState) -> StyleSampler:
        variables = {"encoder": state.frozen["encoder"], "decoder": {"params": params}}
        return StyleSampler(self.encoder, self.decoder, variables)

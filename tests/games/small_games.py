"""Games and networks of a few numbers, one for each joint of the contract: what configs of these tests name by "small_games:...".

Growing networks; a game without a discriminator that draws in two directions and looks through a frozen network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen, struct

from gan_jax import game
from gan_jax.game import Phase, Stretch
from gan_jax.methods.update import COLLECTIONS, Outcome, begun_anew, update
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.nn.noise import NoiseInjection
from gan_jax.nn.tap import activations, as_collection, require_taps, tap
from gan_jax.types import Network, TrainState, Verdict, named_key


class GrowingGenerator(linen.Module):
    """latents -> images of half or full size, which fade in; each size has noise and an output layer of its own."""

    image_shape: tuple[int, ...]
    dtype: Any = None

    @linen.compact
    def __call__(self, latents, label=None, train=False, shape=None, fade=1.0):
        height, width, channels = self.image_shape
        half = (height // 2, width // 2)
        x = linen.Dense(half[0] * half[1] * 3, name="stem")(latents).reshape(-1, *half, 3)
        x = tap(self, "small", NoiseInjection(name="noise")(jnp.tanh(x)))
        coarse = linen.Dense(channels, name="to_small")(x)
        fine = linen.Dense(channels, name="to_large")(jnp.tanh(linen.Dense(3, name="refine")(upsample_nearest(x))))
        if shape is not None and tuple(shape) != tuple(self.image_shape):
            return jnp.tanh(coarse)
        return jnp.tanh(fade * fine + (1 - fade) * upsample_nearest(coarse))


class GrowingDiscriminator(linen.Module):
    """Images of either size -> Verdict. All layers are made at the full size."""

    image_shape: tuple[int, ...]
    dtype: Any = None

    @linen.compact
    def __call__(self, images, label=None, train=False, fade=1.0):
        of_small = linen.Dense(3, name="from_small")
        if images.shape[1:] == tuple(self.image_shape):
            fine = downsample_mean(jnp.tanh(linen.Dense(3, name="from_large")(images)))
            x = fade * fine + (1 - fade) * of_small(downsample_mean(images))
        else:
            x = of_small(images)
        pooled = jnp.tanh(linen.Dense(5, name="dense")(x.reshape(x.shape[0], -1)))
        return Verdict(linen.Dense(1, name="head")(pooled)[:, 0], {"pooled": pooled})


class Translator(linen.Module):
    """Images [B, H, W, C] -> images: a colour for each pixel by its own, a tap in between."""

    image_shape: tuple[int, ...]
    channels: int = 1
    dtype: Any = None

    @linen.compact
    def __call__(self, images):
        x = tap(self, "colours", jnp.tanh(linen.Dense(4, name="hidden")(images)))
        return jnp.tanh(linen.Dense(self.channels, name="output")(x))


class Encoder(linen.Module):
    """A frozen network: images -> features [B, 2]."""

    @linen.compact
    def __call__(self, images):
        return linen.Dense(2, name="dense")(jnp.mean(images, (1, 2)))


class TranslatorSampler(struct.PyTreeNode):
    """A `game.Sampler` that starts from images."""

    module: Any = struct.field(pytree_node=False)
    variables: Any
    source: str = struct.field(pytree_node=False)
    target: str = struct.field(pytree_node=False)
    num_classes: int = struct.field(pytree_node=False, default=0)

    @property
    def given(self):
        return (self.source,)

    def starts(self, key, indices, given=None):
        if given is None:
            raise ValueError(f"this sampler starts from {self.source} of the data, and was given none")
        return {self.source: given[self.source]}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        variables = {**self.variables, **({"edits": as_collection(edits)} if edits else {})}
        images, sown = self.module.apply(variables, codes[self.source], mutable=["taps"])
        known = activations(sown)
        require_taps((*taps, *(edits or ())), known)
        return images, {name: known[name] for name in taps}


class EncoderObserver(struct.PyTreeNode):
    variables: Any

    def __call__(self, images):
        return {"features": Encoder().apply(self.variables, images)}


class Distance(struct.PyTreeNode):
    """A `game.Measure`: the error of a_to_b on a batch of pairs."""

    sampler: TranslatorSampler

    def __call__(self, key, batch):
        return jnp.mean(jnp.abs(self.sampler.synthesize({"a": batch["a"]})[0] - batch["b"]))


@dataclasses.dataclass(frozen=True)
class Translation:
    """Two translators, a_to_b and b_to_a, that undo each other, and whose images have the target's mean features.

    paired: a and b of one index belong together, and a_to_b learns b pixel by pixel too. There is no discriminator.
    """

    networks: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a", "encoder")
    frozen: ClassVar[tuple[str, ...]] = ("encoder",)

    a_to_b: linen.Module
    b_to_a: linen.Module
    encoder: linen.Module
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    paired: bool = True

    def batch(self, phase: Phase):
        leaf = jax.ShapeDtypeStruct((1, phase.batch_size, *phase.shape), jnp.float32)
        return {"a": leaf, "b": leaf}

    def init(self, key):
        image = jnp.zeros((1, *self.stretches[-1].phase.shape))

        def made(name):
            variables = getattr(self, name).init(named_key(key, name), image)
            return {kind: tree for kind, tree in variables.items() if kind in COLLECTIONS}

        networks = {}
        for name in ("a_to_b", "b_to_a"):
            params = made(name)["params"]
            networks[name] = Network(params, {}, self.optimizers[name].init(params))
        return TrainState(jnp.zeros((), jnp.int32), key, networks, {}, {"encoder": made("encoder")})

    def load(self):
        image = jnp.zeros((1, *self.stretches[-1].phase.shape))
        return {"encoder": self.encoder.init(jax.random.key(7), image)}

    def step(self, state, batch, phase):
        clock = game.clock(self.stretches, state.step)
        a, b = batch["a"][0], batch["b"][0]
        seen = lambda x: jnp.mean(self.encoder.apply(state.frozen["encoder"], x), 0)

        def loss(params, batch, key):
            a, b = batch
            translate = lambda name, x: getattr(self, name).apply({"params": params[name]}, x)
            fake_b, fake_a = translate("a_to_b", a), translate("b_to_a", b)
            cycle = jnp.mean(jnp.abs(translate("b_to_a", fake_b) - a)) + jnp.mean(
                jnp.abs(translate("a_to_b", fake_a) - b)
            )
            style = jnp.sum((seen(fake_b) - seen(b)) ** 2) + jnp.sum((seen(fake_a) - seen(a)) ** 2)
            pixels = jnp.mean(jnp.abs(fake_b - b)) if self.paired else jnp.zeros(())
            total = cycle + style + 10 * pixels
            return total, Outcome({"total": total, "cycle": cycle, "style": style, "pixels": pixels})

        names = ("a_to_b", "b_to_a")
        networks = {
            name: begun_anew(
                game.begins_anew(self.stretches, state.step, name), state.networks[name], self.optimizers[name]
            )
            for name in names
        }
        networks, outcome = update(networks, names, loss, (a, b), state.key, self.optimizers, clock)
        metrics = {f"t/{name}": value for name, value in outcome.metrics.items()}
        return state.replace(step=state.step + 1, networks=networks), metrics

    def samplers(self, state, phase, average=True):
        of = lambda name, source, target: TranslatorSampler(
            getattr(self, name), {"params": state.networks[name].params}, source, target
        )
        return {"a_to_b": of("a_to_b", "a", "b"), "b_to_a": of("b_to_a", "b", "a")}

    def observers(self, state, phase):
        return {"encoder": EncoderObserver(state.frozen["encoder"])}

    def measures(self, state, phase):
        return {"error": Distance(self.samplers(state, phase)["a_to_b"])}

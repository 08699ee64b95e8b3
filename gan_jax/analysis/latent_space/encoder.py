"""The way back from images by a network that learns from what the generator itself draws: no data are needed."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen, struct
from tqdm import tqdm

from gan_jax.analysis.walks import places
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense
from gan_jax.types import Array, Batch, named_key

_MOST_A_CALL, _HELD_OUT, _AT_ONCE = 20, 256, 32

_made = compiled(lambda sampler, codes: sampler.synthesize(codes)[0])
_coded = compiled(lambda encoder, images: encoder(images))


class Network(linen.Module):
    """Images [n, H, W, C] -> [n, dim]: strided convolutions, down to a side of 4, and two layers."""

    dim: int
    width: int = 32
    hidden: int = 256

    @linen.compact
    def __call__(self, images: Array) -> Array:
        x, width = images, self.width
        while min(x.shape[1:3]) > 4:
            x = jax.nn.leaky_relu(Conv(width, (4, 4), 2)(x), 0.2)
            width = min(2 * width, 4 * self.width)
        x = x.reshape(len(x), -1)
        x = jax.nn.leaky_relu(Dense(self.hidden, kernel_init=linen.initializers.he_normal())(x), 0.2)
        return Dense(self.dim, kernel_init=linen.initializers.lecun_normal())(x)


class Encoder(struct.PyTreeNode):
    """Images [n, H, W, C] -> points [n, D] of a generator's space "z" or "w", one code for all layers."""

    network: Network = struct.field(pytree_node=False)
    space: str = struct.field(pytree_node=False)
    params: Any
    mean: Array  # [D]
    deviation: Array  # [D]

    def __call__(self, images: Array) -> Array:
        return self.mean[None] + self.deviation[None] * jnp.asarray(self.network.apply({"params": self.params}, images))


class Errors(NamedTuple):
    """Of an encoder on images: mean squared differences are of pixels in [-1, 1].

    latents: the mean squared error of the latents over their variance: 0 is exact, 1 no better than their mean; NaN of images
    whose latents are not known. pixels: of the images of the codes found. average: of the average latent's image.
    """

    latents: float
    pixels: float
    average: float


def learn_encoder(
    sampler: Sampler,
    key: Array,
    space: str | None = None,
    steps: int = 2000,
    batch_size: int = 64,
    rate: float = 1e-3,
    progress: bool = True,
) -> tuple[Encoder, np.ndarray]:
    """An encoder of least mean squared error of latents, on pairs (image, latents) that are drawn anew for each step of Adam.

    Latents are scaled to mean 0 and deviation 1, over 1,024 of them. The rate falls to 0 as a cosine. space: "z" or "w"; None:
    w where there is one. -> the encoder, and its error at each step [steps].
    Raises ValueError for a space that there is not, numbers out of their ranges, and a generator of several classes whose
    class is not chosen.
    """
    if steps < 1 or batch_size < 1 or not 0 < rate < np.inf:
        raise ValueError(f"an encoder takes steps, a batch and a rate above 0; got {steps=}, {batch_size=}, {rate=}")
    space, codes = places(sampler, key, jnp.arange(1024, dtype=jnp.uint32), space)
    if "label" in codes and len(np.unique(codes["label"])) > 1:
        raise ValueError("an encoder is of one class of images, and this generator has several: choose one, --label=3")
    points = _points(codes, space)
    mean, deviation = jnp.mean(points, 0), jnp.maximum(jnp.std(points, 0), 1e-6)
    network = Network(points.shape[1])
    shape = jax.eval_shape(lambda: sampler.synthesize(codes)[0]).shape[1:]
    params = compiled(network.init, quick=True)(named_key(key, "encoder start"), jnp.zeros((1, *shape)))["params"]
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, steps))
    of_pairs = named_key(key, "encoder pairs")  # another sample than the one that is looked at

    def several(sampler: Any, params: Any, state: Any, numbers: Array) -> tuple:
        def once(carry, number):
            params, state = carry
            indices = number.astype(jnp.uint32) * batch_size + jnp.arange(batch_size, dtype=jnp.uint32)
            codes = sampler.map(sampler.starts(of_pairs, indices))
            images = sampler.synthesize(codes)[0]
            wanted = (_points(codes, space) - mean[None]) / deviation[None]
            loss = lambda params: jnp.mean(jnp.square(jnp.asarray(network.apply({"params": params}, images)) - wanted))
            value, slope = jax.value_and_grad(loss)(params)
            updates, state = optimizer.update(slope, state, params)
            return (optax.apply_updates(params, updates), state), value

        return jax.lax.scan(once, (params, state), numbers)

    a_call = next(n for n in range(_MOST_A_CALL, 0, -1) if steps % n == 0)
    several, state, history = compiled(several), optimizer.init(params), []
    with tqdm(total=steps, desc="learning an encoder", unit="step", disable=not progress) as bar, _reuse():
        for first in range(0, steps, a_call):
            (params, state), values = several(sampler, params, state, jnp.arange(first, first + a_call))
            history.append(np.asarray(values))
            bar.update(a_call)
            bar.set_postfix_str(f"error {history[-1][-1]:.4g}")
    return Encoder(network, space, params, mean, deviation), np.concatenate(history)


def encoded(sampler: Sampler, encoder: Encoder, key: Array, images: np.ndarray) -> tuple[Batch, np.ndarray]:
    """(Codes, their images [n, H, W, C]) of images [n, H, W, C] in [-1, 1]. Label and noise are those of `key`'s sample.

    Raises ValueError for images of another shape than the generator makes.
    """
    codes = dict(sampler.map(sampler.starts(key, jnp.arange(len(images), dtype=jnp.uint32))))
    shape = jax.eval_shape(lambda: sampler.synthesize(codes)[0]).shape[1:]
    if images.shape[1:] != shape:
        raise ValueError(f"this generator makes images of {list(shape)}; these are {list(images.shape[1:])}")
    return _drawn(sampler, codes, encoder.space, _coded(encoder, jnp.asarray(images, jnp.float32)))


def errors_of(
    sampler: Sampler, encoder: Encoder, key: Array, images: np.ndarray | None = None, num: int = _HELD_OUT
) -> Errors:
    """Of an encoder on images [n, H, W, C]; None: on `num` samples that it did not learn from."""
    latents = float("nan")
    with _reuse():
        if images is None:
            codes = sampler.map(sampler.starts(key, jnp.arange(num, dtype=jnp.uint32)))
            images = _images(sampler, codes)
            apart = np.asarray(_coded(encoder, jnp.asarray(images)) - _points(codes, encoder.space))
            latents = float(np.mean(np.square(apart)) / np.mean(np.var(np.asarray(_points(codes, encoder.space)), 0)))
        codes, made = encoded(sampler, encoder, key, images)
        one = {name: leaf[:1] for name, leaf in codes.items()}
        average = _drawn(sampler, one, encoder.space, encoder.mean[None])[1]
    square = lambda x: float(np.mean(np.square(x - images)))
    return Errors(latents, square(made), square(average))


def _points(codes: Batch, space: str) -> Array:
    return codes["z"] if space == "z" else codes["w"][:, 0]


def _drawn(sampler: Sampler, codes: Batch, space: str, points: Array) -> tuple[Batch, np.ndarray]:
    if space == "z":
        codes = sampler.map({**{name: leaf for name, leaf in codes.items() if name != "w"}, "z": points})
    else:
        codes = {**codes, "w": jnp.broadcast_to(points[:, None], codes["w"].shape)}
    return codes, _images(sampler, codes)


def _images(sampler: Sampler, codes: Batch) -> np.ndarray:
    """[n, H, W, C], some at a time: one program for any number."""
    parts, n = [], len(next(iter(codes.values())))
    with _reuse():
        for first in range(0, n, _AT_ONCE):
            at = np.arange(first, first + _AT_ONCE) % n
            parts.append(np.asarray(_made(sampler, {name: leaf[at] for name, leaf in codes.items()})))
    return np.concatenate(parts)[:n]


def _reuse() -> Any:
    """The noise of layers is meant to be drawn again."""
    return jax.debug_key_reuse(False)

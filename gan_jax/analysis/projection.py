"""Projection: the latents or codes whose image is nearest to a given one (Karras et al., arXiv:1912.04958, appendix D)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from gan_jax.game import Observer, Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch

SPACES = ("z", "w", "w+")
Distance = Callable[[Array, Array], Array]  # images [n, H, W, C], images -> [n]
_GUESSES, _MOST_A_CALL = 256, 20


class Projected(NamedTuple):
    """What was found for n images."""

    codes: Batch  # as `Sampler.synthesize` takes them
    images: np.ndarray  # [n, H, W, C]
    distances: np.ndarray  # [n], at the end
    history: np.ndarray  # [steps], their mean before each step


def squared_error(x: Array, y: Array) -> Array:
    """The mean squared difference of pixels. [n, H, W, C] twice -> [n]."""
    return jnp.mean(jnp.square(x - y), (1, 2, 3))


def with_features(observer: Observer, weight: float = 1.0) -> Distance:
    """`squared_error` and, times `weight`, how far the features of an observer are apart: each place's, at unit length.

    The mean over taps, and over places, of |f(x) - f(y)|^2 where f is divided by its length over channels.
    """

    def unit(f: Array) -> Array:
        f = f.reshape(len(f), -1, f.shape[-1])
        return f / jnp.sqrt(jnp.sum(jnp.square(f), -1, keepdims=True) + 1e-8)

    def distance(x: Array, y: Array) -> Array:
        of_x, of_y = observer(x), observer(y)
        apart = [jnp.mean(jnp.sum(jnp.square(unit(of_x[tap]) - unit(of_y[tap])), -1), -1) for tap in of_x]
        return squared_error(x, y) + weight * sum(apart) / len(apart)

    return distance


def project(
    sampler: Sampler,
    images: np.ndarray,
    key: Array,
    distance: Distance = squared_error,
    space: str | None = None,
    steps: int = 400,
    rate: float = 0.05,
    progress: bool = True,
    begin: Array | None = None,
) -> Projected:
    """The codes whose images are nearest to `images` [n, H, W, C] in [-1, 1], by Adam from the nearest of 256 samples.

    begin: [n, D], z or a code w for all layers, in place of these samples'; such as an encoder finds.

    space: "z"; "w": one code for all layers; "w+": one a layer, nearer and less like the generator's own. None: "w" where
    there is one, else "z". The rate rises over a twentieth of the steps and falls over the last quarter, as the authors
    have it. Noise stays as drawn.
    Raises ValueError for a space that the sampler does not have, and for images of another shape than it makes.
    """
    if sampler.given:
        raise ValueError(f"images are projected to latents; this sampler starts from {' and '.join(sampler.given)}")
    if steps < 1 or not 0 < rate < np.inf:
        raise ValueError(f"a projection takes 1 step or more at a rate above 0, got {steps} and {rate}")
    guesses = dict(sampler.map(sampler.starts(key, jnp.arange(_GUESSES, dtype=jnp.uint32))))
    space = space or ("w" if "w" in guesses else "z")
    if space not in SPACES or space[0] not in guesses:
        has = ", ".join(name for name in SPACES if name[0] in guesses)
        raise ValueError(f"this generator has no space {space!r} to project to; it has {has}")
    images = np.asarray(images, np.float32)
    drawn = _drawn(sampler, guesses)
    if images.shape[1:] != drawn.shape[1:]:
        raise ValueError(f"this generator makes images of {list(drawn.shape[1:])}; these are {list(images.shape[1:])}")
    nearest = [int(np.argmin([np.mean(np.square(image - each)) for each in drawn])) for image in images]
    start = {name: leaf[np.asarray(nearest)] for name, leaf in guesses.items()}
    moved = start["z"] if space == "z" else start["w"]
    if begin is not None:
        moved = _begun(start, space, jnp.asarray(begin, jnp.float32))
    moved = jnp.asarray(moved[:, :1] if space == "w" else moved)

    def codes_of(start: Batch, moved: Array) -> Batch:
        if space == "z":
            return sampler.map({**{name: leaf for name, leaf in start.items() if name != "w"}, "z": moved})
        return {**start, "w": jnp.broadcast_to(moved, start["w"].shape)}

    optimizer = optax.adam(_schedule(rate, steps))
    a_call = next(n for n in range(_MOST_A_CALL, 0, -1) if steps % n == 0)  # whole calls of one program: `steps` in all

    def several(sampler: Any, start: Batch, images: Array, moved: Array, state: Any) -> tuple:
        def step(carry, _):
            moved, state = carry

            def loss(moved):
                each = distance(sampler.synthesize(codes_of(start, moved))[0], images)
                return jnp.sum(each), each

            slope, each = jax.grad(loss, has_aux=True)(moved)
            updates, state = optimizer.update(slope, state, moved)
            return (optax.apply_updates(moved, updates), state), jnp.mean(each)

        return jax.lax.scan(step, (moved, state), length=a_call)

    several, state, history = compiled(several), optimizer.init(moved), []
    with tqdm(total=steps, desc="projecting", unit="step", disable=not progress) as bar, _reuse():
        for _ in range(steps // a_call):
            (moved, state), means = several(sampler, start, images, moved, state)
            history.append(np.asarray(means))
            bar.update(a_call)
            bar.set_postfix_str(f"distance {history[-1][-1]:.4g}")
        codes = codes_of(start, moved)
        made = np.asarray(compiled(lambda sampler, codes: sampler.synthesize(codes)[0])(sampler, codes))
    return Projected(codes, made, np.asarray(distance(jnp.asarray(made), images)), np.concatenate(history))


def _begun(start: Batch, space: str, begin: Array) -> Array:
    """What is moved, where this begins at other codes than samples': z [n, Z], or w [n, layers, W]."""
    shape = start["z"].shape if space == "z" else (len(start["w"]), start["w"].shape[-1])
    if begin.shape != shape:
        raise ValueError(f"a projection of these images begins at codes {list(shape)}; got {list(begin.shape)}")
    return begin if space == "z" else jnp.broadcast_to(begin[:, None], start["w"].shape)


def _schedule(rate: float, steps: int) -> Callable[[Array], Array]:
    def at(count: Array) -> Array:
        t = count / steps
        down = 0.5 - 0.5 * jnp.cos(jnp.pi * jnp.minimum(1.0, (1.0 - jnp.minimum(t, 1.0)) / 0.25))
        return rate * down * jnp.minimum(1.0, (t + 1 / steps) / 0.05)

    return at


def _reuse() -> Any:
    """The noise of the start is drawn again at every step, which is what is meant."""
    return jax.debug_key_reuse(False)


def _drawn(sampler: Sampler, codes: Batch) -> np.ndarray:
    made = compiled(lambda sampler, codes: sampler.synthesize(codes)[0])
    parts = []
    with _reuse():
        for first in range(0, _GUESSES, 64):
            parts.append(np.asarray(made(sampler, {name: leaf[first : first + 64] for name, leaf in codes.items()})))
    return np.concatenate(parts)

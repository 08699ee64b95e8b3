"""A sampler as a function of plain arrays, its weights inside: what programs for other readers are made of."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.latents import coded, normal, uniform
from gan_jax.types import Array, Batch


class ExportError(ValueError):
    """A sampler that cannot be written in a form, and why."""


@dataclasses.dataclass(frozen=True)
class Port:
    """An array that goes into a program or comes out of it. shape: of one element, without the batch in front.

    about: its range and where it comes from, in words.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    about: str

    def as_json(self) -> dict[str, Any]:
        """Plain data; the batch is "n"."""
        return {"shape": ["n", *self.shape], "dtype": self.dtype, "about": self.about}


@dataclasses.dataclass(frozen=True)
class Program:
    """call(**inputs) -> output, arrays [n, *shape] each: a pure function, traced where it is written."""

    inputs: tuple[Port, ...]
    output: Port
    call: Callable[..., Array]


def program_of(sampler: Sampler, given: Batch | None = None) -> Program:
    """The program that a sampler is. given: an element or more of what it starts from, [m, ...], where it does.

    Inputs are what `sampler.starts` makes; a noise key is its two numbers, uint32 [n, 2]. Raises ExportError where elements
    depend on their neighbours.
    """
    if getattr(sampler, "of_batch", False):
        raise ExportError("statistics of the very batch being drawn make an image depend on its neighbours: no program")
    one = None if given is None else {key: leaf[:1] for key, leaf in given.items()}
    starts = jax.eval_shape(lambda: sampler.starts(jax.random.key(0), jnp.zeros(1, jnp.uint32), one))
    keys, kind = [name for name, leaf in starts.items() if _is_key(leaf)], jax.random.key_impl(jax.random.key(0))

    def call(**inputs: Array) -> Array:
        starts = {
            name: jax.random.wrap_key_data(leaf, impl=kind) if name in keys else leaf for name, leaf in inputs.items()
        }
        return sampler.synthesize(sampler.map(starts))[0]

    plain = jax.eval_shape(_plain, starts)
    made = jax.eval_shape(lambda: call(**jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), plain)))
    inputs = tuple(
        Port(name, leaf.shape[1:], np.dtype(leaf.dtype).name, _about(name, leaf, sampler))
        for name, leaf in plain.items()
    )
    span = {1: "points", 4: "from 0 to 1"}.get(
        len(made.shape) - 1, "from -1 to 1, what is beyond is to be clipped; channels last"
    )
    return Program(inputs, Port(sampler.target, made.shape[1:], np.dtype(made.dtype).name, span), call)


def inputs_of(sampler: Sampler, key: Array, indices: np.ndarray, given: Batch | None = None) -> dict[str, np.ndarray]:
    """What the program of a sampler is called with for elements `indices` [n] of the sample that `key` stands for."""
    return {name: np.asarray(leaf) for name, leaf in _plain(sampler.starts(key, indices, given)).items()}


def _plain(starts: Batch) -> dict[str, Array]:
    return {name: jax.random.key_data(leaf) if _is_key(leaf) else leaf for name, leaf in starts.items()}


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _about(name: str, leaf: Any, sampler: Sampler) -> str:
    if name == "z":
        return f"latents: {drawn_from(sampler.latents)}"
    if name == "label":
        return f"the class, 0 to {sampler.num_classes - 1}"
    if name == "noise":
        return "the seed of the layers' noise: any numbers of 32 bits"
    kind = "images" if leaf.ndim == 4 else "elements"
    return f"{kind} to start from, in [-1, 1], channels last"


def drawn_from(latents: Any) -> str:
    """A distribution of latents in words, number by number."""
    match latents:
        case normal(dim, None):
            return f"{dim} numbers of N(0, 1)"
        case normal(dim, threshold):
            return f"{dim} numbers of N(0, 1), drawn again beyond +-{threshold:g}"
        case uniform(dim, low, high):
            return f"{dim} numbers of U({low:g}, {high:g})"
        case coded(noise, categorical, continuous):
            parts = [drawn_from(noise), *(f"a one-hot of {size}" for size in categorical)]
            return ", then ".join([*parts, *([f"{continuous} numbers of U(-1, 1)"] if continuous else [])])
    return repr(latents)


def described(program: Program, file: str, content: bytes, checked: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """The JSON beside a program's file: what it is, what goes in and comes out, how it was checked. facts: what else is known."""
    return {
        **facts,
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "jax": jax.__version__,
        "batch": "any number of elements, n",
        "inputs": {port.name: port.as_json() for port in program.inputs},
        "outputs": {program.output.name: program.output.as_json()},
        "checked": dict(checked),
    }


def largest_difference(made: Mapping[int, np.ndarray], wanted: np.ndarray) -> float:
    """The largest difference between elements that a program made, by the size of its batch, and the first of `wanted`."""
    return max(float(np.max(np.abs(each - wanted[:n]), initial=0.0)) for n, each in made.items())

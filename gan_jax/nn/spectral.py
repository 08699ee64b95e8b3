"""Spectral normalisation: a weight divided by its largest singular value (Miyato et al., arXiv:1802.05957).

The singular value is followed by power iteration with vectors that persist in the collection "spectral". A forward
pass only reads them: `iterate` moves them, once an update, whatever number of passes the update makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, traverse_util

_EPSILON = 1e-12
_NORMALIZED = None  # in the place of a weight's vectors


def as_matrix(weight: jax.Array) -> jax.Array:
    """A kernel [*window, I, O] as the matrix [window * I, O] whose singular values are meant."""
    return weight.reshape(-1, weight.shape[-1])


def power_iteration(matrix: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One round: matrix [M, N], u [N] -> (u [N], v [M]), unit, nearer to the first singular pair. Algorithm 1."""
    v = matrix @ u
    v = v / (jnp.linalg.norm(v) + _EPSILON)
    u = v @ matrix
    u = u / (jnp.linalg.norm(u) + _EPSILON)
    return u, v


def spectral_norm(matrix: jax.Array, u: jax.Array, v: jax.Array) -> jax.Array:
    """sigma = v^T W u -> []. Differentiable in the matrix alone: the vectors are constants (Eq. 10)."""
    u, v = jax.lax.stop_gradient((u, v))
    return jnp.vdot(v @ matrix, u)


def spectral_normalize(module: linen.Module, name: str, weight: jax.Array) -> jax.Array:
    """weight / sigma(weight), with the vectors {"u", "v"} that the module keeps at the weight's name.

    At initialisation they are converged. A weight of `normalize_once` is returned as it is.
    """
    matrix = as_matrix(weight)

    def first() -> tuple[jax.Array, jax.Array]:
        u = jax.random.normal(module.make_rng("params"), matrix.shape[1:])
        return jax.lax.fori_loop(0, 20, lambda _, uv: power_iteration(matrix, uv[0]), power_iteration(matrix, u))

    vectors = module.variable("spectral", name, lambda: dict(zip("uv", first(), strict=True))).value
    return weight if vectors is _NORMALIZED else _divide(weight, vectors)


def normalize_once(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """A network's variables for several passes: its weights divided here, once, instead of in every pass.

    So is their gradient, and devices that share a batch sum one gradient a weight instead of one a pass.
    """
    if "spectral" not in variables:
        return variables
    params = traverse_util.flatten_dict(variables["params"])
    vectors = _by_weight(variables["spectral"])
    params |= {path: _divide(params[path], value) for path, value in vectors.items()}
    marks = dict.fromkeys(vectors, _NORMALIZED)
    return {
        **variables,
        "params": traverse_util.unflatten_dict(params),
        "spectral": traverse_util.unflatten_dict(marks),
    }


def iterate(params: Any, spectral: Any, times: int = 1) -> Any:
    """The collection "spectral" after `times` more power iterations on the present parameters. Pure.

    params, spectral: a network's variable trees; every spectral entry stands at the path of its parameter.
    """
    if not spectral:
        return spectral
    weights = traverse_util.flatten_dict(params)
    moved = {}
    for path, value in _by_weight(spectral).items():
        matrix = as_matrix(jax.lax.stop_gradient(weights[path]))
        u, v = value["u"], value["v"]
        for _ in range(times):
            u, v = power_iteration(matrix, u)
        moved[path] = {"u": u, "v": v}
    return traverse_util.unflatten_dict(moved)


def _divide(weight: jax.Array, vectors: dict[str, jax.Array]) -> jax.Array:
    return weight / (spectral_norm(as_matrix(weight), vectors["u"], vectors["v"]) + _EPSILON)


def _by_weight(spectral: Any) -> dict[tuple[str, ...], dict[str, jax.Array]]:
    """The collection "spectral" by the path of the weight: {"u", "v"}."""
    return traverse_util.flatten_dict(spectral, is_leaf=lambda path, value: set(value) == {"u", "v"})

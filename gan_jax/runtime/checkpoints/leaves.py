"""A pytree as a flat table of named leaves, so that it can be stored, described and compared without its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

PyTree = Any


def named_leaves(tree: PyTree) -> dict[str, Any]:
    """{"networks.generator.params.Dense_0.kernel": leaf, ...} in the tree's order.

    Raises ValueError for two leaves of one name ({"a.b": x} beside {"a": {"b": y}}) and for a leaf without a shape.
    """
    leaves = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        if not (hasattr(leaf, "shape") and hasattr(leaf, "dtype")):
            raise ValueError(f"{name} is a {type(leaf).__name__}; a state holds arrays only: wrap it in jnp.asarray")
        if name in leaves:
            raise ValueError(f"two leaves of the state are called {name}: rename one")
        leaves[name] = leaf
    return leaves


def described(leaves: Mapping[str, Any]) -> dict[str, str]:
    """{name: "float32[3,4]"}: all that must agree before one tree can stand in for another."""
    return {name: f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]" for name, leaf in leaves.items()}


def differences(stored: Mapping[str, str], wanted: Mapping[str, str], at_most: int = 8) -> list[str]:
    """One line for each leaf in which two descriptions differ, the first `at_most` of them; [] if they agree."""
    names = [*wanted, *(name for name in stored if name not in wanted)]
    lines = [
        f"{name}: stored {stored.get(name, 'nothing')}, wanted {wanted.get(name, 'nothing')}"
        for name in names
        if stored.get(name) != wanted.get(name)
    ]
    more = [f"... and {len(lines) - at_most} more"] if len(lines) > at_most else []
    return lines[:at_most] + more


def storable(leaf: Any) -> Any:
    """An array as plain numbers: a typed key as its key data, [..., 2] uint32 for threefry; others as they are."""
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def with_sharding(leaf: Any) -> jax.ShapeDtypeStruct:
    """The leaf's shape, type and sharding; where it has none, this process's first device."""
    sharding = getattr(leaf, "sharding", None) or jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def load_target(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """What `storable` makes of such a leaf: the thing to load in order to get it back."""
    data = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    return jax.ShapeDtypeStruct(data.shape, data.dtype, sharding=leaf.sharding)


def as_leaf(array: jax.Array | None, leaf: jax.ShapeDtypeStruct) -> jax.Array:
    """Undoes `storable`: key data become a key of the leaf's kind; None stands for an empty array."""
    if array is None:
        return jax.jit(lambda: jnp.zeros(leaf.shape, leaf.dtype), out_shardings=leaf.sharding)()
    if not _is_key(leaf):
        return array
    kinds = []  # only an array, traced or not, tells its kind
    jax.eval_shape(lambda key: kinds.append(jax.random.key_impl(key)), leaf)
    return jax.jit(lambda data: jax.random.wrap_key_data(data, impl=kinds[0]), out_shardings=leaf.sharding)(array)


def _is_key(leaf: Any) -> bool:
    return jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)

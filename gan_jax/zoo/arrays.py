"""A sampler as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler


def arrays_of(sampler: Sampler) -> dict[str, np.ndarray]:
    """The sampler's arrays by their places in it: {"variables/params/conv/kernel": ...}."""
    own = lambda leaf: np.asarray(
        leaf if hasattr(leaf, "dtype") else jnp.asarray(leaf)
    )  # of a plain number, JAX's type
    return {_name(path): own(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(sampler)}


def with_arrays(template: Sampler, arrays: Mapping[str, np.ndarray]) -> Sampler:
    """The sampler that `arrays_of` was asked for. template: one of its structure, of arrays or of their shapes.

    Raises ValueError, with what differs, where names, shapes or types are not those of the template.
    """
    wanted = {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(template)}
    told = lambda leaf: f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}"
    wrong = [f"{name}: missing" for name in wanted if name not in arrays]
    wrong += [f"{name}: not the network's" for name in arrays if name not in wanted]
    wrong += [
        f"{name}: {told(arrays[name])}, not {told(leaf)}"
        for name, leaf in wanted.items()
        if name in arrays and told(arrays[name]) != told(leaf)
    ]
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ValueError(f"the arrays are not those of this network: {'; '.join(wrong[:5])}{more}")
    return jax.tree_util.tree_map_with_path(lambda path, leaf: arrays[_name(path)], template)


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")

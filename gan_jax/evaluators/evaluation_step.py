"""What evaluation does to a batch, as a program and shapes: for plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.evaluators.extraction import STATIC, draw_batch, rounded_up_to_devices
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.features.extractor import Extractor
from gan_jax.features.inception import inception
from gan_jax.features.inception import random_variables as of_inception
from gan_jax.features.vgg import random_variables as of_vgg
from gan_jax.features.vgg import vgg16
from gan_jax.game import Method, Phase
from gan_jax.types import PyTree


def evaluation_step(
    recipes: Sequence[str], batch_size: int, method: Method, phase: Phase, mesh: jax.sharding.Mesh, state: PyTree
) -> tuple[Any, tuple, int]:
    """(the jitted drawing and extraction of a batch, its arguments as shapes, images in a batch).

    The networks are those of the recipes, the published ones by their shapes: no weights are needed. state: of shapes.
    batch_size is rounded up to the devices as evaluation does. The method's first sampler is drawn from.
    """
    found = [find_recipe(name, Extractors().classifiers) for name in recipes]
    networks = {name: _network(name) for name in sorted({each.extractor for each in found if each.extractor})}
    sampler = jax.eval_shape(lambda state: next(iter(method.samplers(state, phase).values())), state)
    n = rounded_up_to_devices(batch_size, mesh)
    key, indices = jax.ShapeDtypeStruct((2,), jnp.uint32), jax.ShapeDtypeStruct((n,), jnp.uint32)
    given = given_shapes(sampler, method, phase, n)
    whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=whole),
        (sampler, networks, key, indices, given),
    )
    step = jax.jit(draw_batch, static_argnames=STATIC)
    return step, (*shapes, not networks), n  # scores without a network see the images


def given_shapes(sampler: Any, method: Method, phase: Phase, n: int) -> dict[str, jax.ShapeDtypeStruct] | None:
    """The shapes of n real elements that a sampler starts from; None where it starts from nothing."""
    batch = method.batch(phase)
    shapes = {key: jax.ShapeDtypeStruct((n, *batch[key].shape[2:]), batch[key].dtype) for key in sampler.given}
    return shapes or None


def _network(name: str) -> Extractor:
    if name.startswith("inception_2015"):
        return inception(of_inception(0), resize="clean" if name.endswith("/clean") else "tf1")
    return vgg16(of_vgg(0)) if name == "vgg16" else Extractors().open(name)

"""What evaluation does to a batch, as a program and shapes: for plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.evaluators.extraction import STATIC, draw_batch, spread
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.recipes import find_recipe
from gan_jax.features.extractor import Extractor
from gan_jax.features.inception import inception
from gan_jax.features.inception import random_variables as of_inception
from gan_jax.features.vgg import random_variables as of_vgg
from gan_jax.features.vgg import vgg16
from gan_jax.types import Method, Phase, PyTree


def evaluation_step(
    config: Mapping[str, Any], method: Method, phase: Phase, mesh: jax.sharding.Mesh, state: PyTree
) -> tuple[Any, tuple, int]:
    """(the jitted drawing and extraction of a batch, its arguments as shapes, images in a batch).

    The networks are those of the config's recipes, the published ones by their shapes: no weights are needed. state: of
    shapes. The batch is the config's evaluate.batch_size, rounded up to the devices as evaluation does.
    """
    settings = config["evaluate"]
    recipes = [find_recipe(name, Extractors().classifiers) for name in settings["recipes"]]
    networks = {name: _network(name) for name in sorted({each.extractor for each in recipes if each.extractor})}
    sampler = jax.eval_shape(lambda state: method.sampler(state, phase), state)
    n = spread(settings.get("batch_size", 64), mesh)
    key, indices = jax.ShapeDtypeStruct((2,), jnp.uint32), jax.ShapeDtypeStruct((n,), jnp.uint32)
    whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=whole), (sampler, networks, key, indices)
    )
    step = jax.jit(draw_batch, static_argnames=STATIC)
    return step, (*shapes, None, not networks), n  # scores without a network see the images


def _network(name: str) -> Extractor:
    if name.startswith("inception_2015"):
        return inception(of_inception(0), resize="clean" if name.endswith("/clean") else "tf1")
    return vgg16(of_vgg(0)) if name == "vgg16" else Extractors().open(name)

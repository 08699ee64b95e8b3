"""Training of segmenters, on images and masks that fit into memory."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen

from gan_jax.game import check_seed
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, PyTree, named_key

Progress = Callable[[int, Mapping[str, Array]], None]


class _Recipe(NamedTuple):
    steps: int
    learning_rate: float
    weight_decay: float
    flip: bool
    shift: int


def fit(
    module: linen.Module,
    images: np.ndarray,
    masks: np.ndarray,
    steps: int,
    batch_size: int = 32,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    flip: bool = False,
    shift: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> PyTree:
    """Trains a segmenter by AdamW: images uint8 [N, H, W, C], masks bool [N, H, W, K] -> variables.

    The same seed gives the same variables. The rate rises over the first twentieth of the steps, then falls to 0 as a cosine.

    Args:
        module: called with (images in [-1, 1], train) it gives logits [B, H, W, K].
        weight_decay: of kernels only.
        flip: mirrors images and masks left and right with probability 1/2.
        shift: most pixels by which both are moved along each axis; what comes in repeats the edge.
        progress: called after each step with its number from 1 on and {"loss"} of its batch.

    Raises:
        ValueError: images or masks of another type or shape, a loss that is no longer finite.
    """
    images, masks = np.asarray(images), np.asarray(masks)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise ValueError(f"training images must be uint8 [N, H, W, C], not {images.dtype} {list(images.shape)}")
    if masks.dtype != bool or masks.ndim != 4 or masks.shape[:3] != images.shape[:3]:
        raise ValueError(
            f"training masks must be bool {[*images.shape[:3]]} + [K], not {masks.dtype} {list(masks.shape)}"
        )
    if steps < 1 or batch_size < 1:
        raise ValueError(f"training takes at least one step of one image, not {steps} steps of {batch_size}")
    check_seed(seed)
    recipe, key = _Recipe(steps, learning_rate, weight_decay, flip, shift), jax.random.key(seed)
    state = _start(module, recipe, named_key(key, "init"), images[:1])
    noise, rng, metrics = named_key(key, "augment"), np.random.default_rng(seed), {}
    on_device = jnp.asarray(images), jnp.asarray(masks)
    for step in range(steps):
        chosen = rng.choice(len(images), batch_size, replace=len(images) < batch_size).astype(np.int32)
        state, metrics = _step(module, recipe, state, np.int32(step), *on_device, chosen, noise)
        if progress is not None:
            progress(step + 1, metrics)
    if not math.isfinite(float(metrics["loss"])):
        raise ValueError(f"the segmenter's loss is {float(metrics['loss'])} at the end: lower its learning rate")
    return state["variables"]


def predict(module: linen.Module, variables: PyTree, images: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """Masks bool [N, H, W, K] of images uint8 [N, H, W, C], by running statistics."""
    masks = []
    for first in range(0, len(images), batch_size):
        batch = np.asarray(images[first : first + batch_size])
        padded = np.pad(batch, ((0, batch_size - len(batch)), (0, 0), (0, 0), (0, 0)))  # one shape, one compilation
        masks.append(np.asarray(_masks(module, variables, padded))[: len(batch)])
    return np.concatenate(masks)


def loss_of(logits: Array, masks: Array) -> Array:
    """Minus the log-likelihood of a pixel's K answers, the mean over pixels, and the mean over parts of 1 - Dice's overlap.

    logits [B, H, W, K], masks bool. The overlap is of probabilities, over the whole batch:
    2 sum(p m) / (sum(p^2) + sum(m)), the Dice loss of arXiv:1606.04797: small parts count as much as large ones.
    """
    truth, p = masks.astype(jnp.float32), jax.nn.sigmoid(logits)
    likelihood = jnp.mean(jnp.sum(optax.sigmoid_binary_cross_entropy(logits, truth), -1))
    over = lambda x: jnp.sum(x, (0, 1, 2))
    dice = (2 * over(p * truth) + 1) / (over(p**2) + over(truth) + 1)  # 1: a part that is nowhere, and found nowhere
    return likelihood + jnp.mean(1 - dice)


def _optimizer(recipe: _Recipe) -> optax.GradientTransformation:
    rate = optax.warmup_cosine_decay_schedule(0.0, recipe.learning_rate, max(recipe.steps // 20, 1), recipe.steps + 1)
    kernels = lambda params: jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)
    return optax.adamw(lambda count: rate(count + 1), weight_decay=recipe.weight_decay, mask=kernels)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _start(module, recipe, key, images):
    variables = module.init(key, _scaled(images))
    return {"variables": variables, "optimizer": _optimizer(recipe).init(variables["params"])}


@functools.partial(compiled, static_argnums=(0, 1), donate_argnums=2)
def _step(module, recipe, state, step, images, masks, chosen, key):
    rows, columns = _places(jax.random.fold_in(key, step), len(chosen), images.shape[1:3], recipe)
    at = (chosen.reshape(-1, 1, 1), rows, columns)
    x, truth = _scaled(images[at]), masks[at]
    stats = dict(state["variables"])
    params = stats.pop("params")

    def of_batch(params):
        logits, moved = module.apply({"params": params, **stats}, x, True, mutable=list(stats))
        return loss_of(logits, truth), moved

    (value, moved), gradient = jax.value_and_grad(of_batch, has_aux=True)(params)
    updates, optimizer = _optimizer(recipe).update(gradient, state["optimizer"], params)
    variables = {"params": optax.apply_updates(params, updates), **moved}
    return {"variables": variables, "optimizer": optimizer}, {"loss": value}


@functools.partial(compiled, static_argnums=0)
def _masks(module, variables, images):
    return module.apply(variables, _scaled(images)) > 0


def _places(key: Array, batch: int, sides: tuple[int, ...], recipe: _Recipe) -> tuple[Array, Array]:
    """Rows [B, H, 1] and columns [B, 1, W] that each moved and mirrored image takes its pixels from."""
    draw = lambda name, low, high: jax.random.randint(named_key(key, name), (batch, 1), low, high)
    rows, columns = (
        jnp.clip(jnp.arange(side).reshape(1, -1) + draw(name, -recipe.shift, recipe.shift + 1), 0, side - 1)
        for name, side in zip(("rows", "columns"), sides, strict=True)
    )
    if recipe.flip:
        columns = jnp.where(draw("flip", 0, 2) == 1, columns[:, ::-1], columns)
    return rows[:, :, None], columns[:, None]


def _scaled(images):
    return images.astype(jnp.float32) / 127.5 - 1

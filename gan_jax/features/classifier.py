"""Classifiers trained here, on images that fit into memory: for distances without published weights, and for CAS."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen
from jax.sharding import PartitionSpec

from gan_jax.features import resnet
from gan_jax.features.extractor import Extractor
from gan_jax.features.targets import checked, correct, loss
from gan_jax.features.weights import Weights
from gan_jax.game import check_seed
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, PyTree, named_key, over_data

Progress = Callable[[int, Mapping[str, Array]], None]
_ARCHITECTURES = {"CifarResNet": resnet.CifarResNet, "ResNet50": resnet.ResNet50}


class _Recipe(NamedTuple):
    steps: int
    learning_rate: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    flip: bool
    shift: int
    cutout: int


def fit(
    module: linen.Module,
    images: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    label_smoothing: float = 0.0,
    flip: bool = False,
    shift: int = 0,
    cutout: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> PyTree:
    """Trains a classifier by SGD with Nesterov momentum: images uint8 [N, H, W, C] and their labels -> variables.

    Labels are classes, int [N], or attributes, bool [N, K]. The same seed gives the same variables. The rate rises over
    the first twentieth of the steps, then falls to 0 as a cosine. Under a mesh (`jax.set_mesh`) every batch is laid over
    its devices.

    Args:
        module: called with (images in [-1, 1], train) it gives (logits [B, num_classes], features).
        num_classes: of classes, or of attributes.
        weight_decay: of kernels only; norms and biases have none.
        label_smoothing: the share of a label that is spread over all classes, or over yes and no; 0 to 1.
        flip: mirrors images left and right with probability 1/2. Not for digits or letters.
        shift: most pixels by which an image is moved along each axis; what comes in repeats the edge.
        cutout: side in pixels of a grey square laid anywhere on each image (arXiv:1708.04552); 0 for none.
        progress: called after each step with its number from 1 on and {"loss", "accuracy"} of its batch; reading
            either number waits for the step.

    Raises:
        ValueError: images or labels of another type or shape, classes outside 0 .. num_classes - 1, a loss no longer
            finite, a seed beyond LARGEST_SEED.
    """
    images, labels = checked(images, labels, num_classes, "training")
    if steps < 1 or batch_size < 1:
        raise ValueError(f"training takes at least one step of one image, not {steps} steps of {batch_size}")
    check_seed(seed)
    recipe = _Recipe(steps, learning_rate, momentum, weight_decay, label_smoothing, flip, shift, cutout)
    key = jax.random.key(seed)
    state = _start(module, recipe, named_key(key, "init"), images[:1])
    noise = named_key(key, "augment")
    images, labels = _on_all_devices((images, labels))
    metrics = {}
    for step, chosen in enumerate(_orders(len(labels), batch_size, steps, seed)):
        state, metrics = _step(module, recipe, state, np.int32(step), images, labels, chosen, noise)
        if progress is not None:
            progress(step + 1, metrics)
    if not math.isfinite(float(metrics["loss"])):
        raise ValueError(f"the classifier's loss is {float(metrics['loss'])} at the end: lower its learning rate")
    return state["variables"]


def predict(module: linen.Module, variables: PyTree, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """What a classifier says, by its running statistics: images uint8 [N, H, W, C] -> logits float32 [N, K]."""
    logits = []
    for start in range(0, len(images), batch_size):
        batch = np.asarray(images[start : start + batch_size])
        missing = batch_size - len(batch)
        batch = np.pad(batch, ((0, missing), (0, 0), (0, 0), (0, 0)))  # one shape, one compilation
        logits.append(np.asarray(_logits(module, variables, batch))[: batch_size - missing])
    return np.concatenate(logits)


def classifier_extractor(weights: Weights) -> Extractor:
    """The classifier that `gan_jax.verbs.classifier` wrote, as an extractor: taps "pooled" [B, F] and "logits" [B, K].

    The logits are of its classes, or of its attributes. Its architecture and name come from the facts of the weights.
    Called with images of another size or number of channels than it was trained on, it raises ValueError; so does this
    where the facts are those of other weights.
    """
    facts = weights.facts
    told = told_by(facts)
    if missing := [key for key in ("name", "shape", told, "architecture") if key not in facts]:
        raise ValueError(f"these are no weights of a classifier trained here: their facts lack {', '.join(missing)}")
    settings = dict(facts["architecture"])
    if (kind := settings.pop("type", None)) not in _ARCHITECTURES:
        raise ValueError(f"unknown architecture {kind!r} of a classifier; known: {', '.join(_ARCHITECTURES)}")
    module = _ARCHITECTURES[kind](len(facts[told]), **settings)
    variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights.variables)
    apply = _Apply(module, tuple(facts["shape"]), facts["name"])
    attributes, classes = (tuple(facts.get(key, ())) for key in ("attributes", "classes"))
    return Extractor(apply, variables, facts["name"], "none", weights.sha256, attributes, classes)


def told_by(facts: Mapping[str, Any]) -> str:
    """What a classifier's logits tell by the facts of its weights: "classes" or "attributes"."""
    return "attributes" if "attributes" in facts else "classes"


@dataclasses.dataclass(frozen=True)
class _Apply:
    """What the extractor does; equal where its parts are, so that a jitted caller compiles once."""

    module: linen.Module
    shape: tuple[int, ...]
    name: str

    def __call__(self, variables: PyTree, images: Array) -> dict[str, Array]:
        if tuple(images.shape[1:]) != self.shape or images.dtype not in (jnp.uint8, jnp.float32):
            shape = ", ".join(map(str, self.shape))
            raise ValueError(
                f"the classifier {self.name!r} takes images uint8, or float32 from 0 to 255, [B, {shape}], as it was "
                f"trained on, not {images.dtype} {list(images.shape)}"
            )
        logits, features = self.module.apply(variables, _scaled(images))
        return {"pooled": features["pooled"], "logits": logits}


def _optimizer(recipe: _Recipe) -> optax.GradientTransformation:
    rate = optax.warmup_cosine_decay_schedule(0.0, recipe.learning_rate, max(recipe.steps // 20, 1), recipe.steps + 1)
    kernels = lambda params: jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)
    return optax.chain(
        optax.add_decayed_weights(recipe.weight_decay, kernels),
        optax.sgd(lambda count: rate(count + 1), recipe.momentum, nesterov=True),  # no step at rate 0
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def _start(module, recipe, key, images):
    variables = module.init(key, _scaled(images))
    return {"variables": variables, "optimizer": _optimizer(recipe).init(variables["params"])}


@functools.partial(compiled, static_argnums=(0, 1), donate_argnums=2)
def _step(module, recipe, state, step, images, labels, chosen, key):
    x, labels = over_data((_augmented(images, chosen, jax.random.fold_in(key, step), recipe), labels[chosen]))
    stats = dict(state["variables"])
    params = stats.pop("params")

    def of_batch(params):
        (logits, _), moved = module.apply({"params": params, **stats}, x, True, mutable=list(stats))
        return loss(logits, labels, recipe.label_smoothing), (moved, jnp.mean(correct(logits, labels)))

    (value, (moved, accuracy)), gradient = jax.value_and_grad(of_batch, has_aux=True)(params)
    updates, optimizer = _optimizer(recipe).update(gradient, state["optimizer"], params)
    variables = {"params": optax.apply_updates(params, updates), **moved}
    return {"variables": variables, "optimizer": optimizer}, {"loss": value, "accuracy": accuracy}


@functools.partial(compiled, static_argnums=0)
def _logits(module, variables, images):
    return _whole(module.apply(variables, over_data(_scaled(images)))[0])


def _augmented(images, chosen, key, recipe):
    """The chosen images, moved, mirrored and partly covered, in one reading: -> [B, H, W, C] in [-1, 1]."""
    batch, (height, width) = len(chosen), images.shape[1:3]
    draw = lambda name, low, high: jax.random.randint(named_key(key, name), (batch, 1), low, high)
    rows = jnp.arange(height).reshape(1, -1) + draw("rows", -recipe.shift, recipe.shift + 1)  # [B, H]
    columns = jnp.arange(width).reshape(1, -1) + draw("columns", -recipe.shift, recipe.shift + 1)  # [B, W]
    if recipe.flip:
        columns = jnp.where(draw("flip", 0, 2) == 1, columns[:, ::-1], columns)
    rows, columns = jnp.clip(rows, 0, height - 1), jnp.clip(columns, 0, width - 1)
    x = _scaled(images[chosen.reshape(-1, 1, 1), rows.reshape(batch, -1, 1), columns.reshape(batch, 1, -1)])
    if recipe.cutout:
        covered = lambda size, name: jnp.arange(size).reshape(1, -1) - draw(name, 0, size) + recipe.cutout // 2
        inside = lambda offsets: (offsets >= 0) & (offsets < recipe.cutout)
        down = inside(covered(height, "cut_row")).reshape(batch, -1, 1, 1)
        across = inside(covered(width, "cut_column")).reshape(batch, 1, -1, 1)
        x = jnp.where(down & across, 0.0, x)
    return x


def _scaled(images):
    return images.astype(jnp.float32) / 127.5 - 1


def _orders(count: int, batch_size: int, steps: int, seed: int) -> Iterator[np.ndarray]:
    """The images of each step, int32 [B]: every epoch a new order of all, one epoch after the other."""
    rng, queue = np.random.default_rng(seed), np.empty(0, np.int32)
    for _ in range(steps):
        while len(queue) < batch_size:
            queue = np.concatenate([queue, rng.permutation(count).astype(np.int32)])
        yield queue[:batch_size]
        queue = queue[batch_size:]


def _whole(x):
    """x on every device of the mesh in force."""
    return x if jax.sharding.get_abstract_mesh().empty else jax.lax.with_sharding_constraint(x, PartitionSpec())


_on_all_devices = jax.jit(lambda tree: jax.tree.map(_whole, tree))

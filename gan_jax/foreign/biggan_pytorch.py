"""BigGAN-PyTorch's networks (github.com/ajbrock/BigGAN-PyTorch): BigGAN and BigGAN-deep, G.pth, G_ema.pth and D.pth.

Its spectral norm keeps u alone and takes one more step of power iteration in every pass: so do these functions, and
our networks begin with the singular value that its own would use next.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_jax.architectures import biggan, biggan_deep
from gan_jax.architectures.parts.biggan_tables import DEEP_DISCRIMINATOR_WIDTHS, DISCRIMINATOR_WIDTHS, GENERATOR_WIDTHS
from gan_jax.foreign.reading import Imported, Reading, example, next_singular_vectors
from gan_jax.foreign.state_dict import StateDict

_ATTENTION = {"theta": "theta", "phi": "phi", "g": "g", "out": "o"}


class _Reading(Reading):
    statistics = ("stored_mean", "stored_var")
    unused = (".sv0", ".num_batches_tracked")

    def normalized_weight(self, theirs: str) -> str:
        return f"{theirs}.weight"

    def singular_vectors(self, theirs: str, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return next_singular_vectors(matrix, self.take(f"{theirs}.u0", (1, len(matrix)))[0])


def convert_generator(state: StateDict, epsilon: float = 1e-5) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete.

    epsilon: of its batch normalisation (--BN_eps), which the state does not tell; 1e-4 in what came from TensorFlow Hub.
    """
    reading = _Reading(state, "BigGAN-PyTorch's generator")
    deep = reading.has("blocks.0.0.conv4.weight")
    last = "conv4" if deep else "conv2"
    blocks = reading.count(f"blocks.{{}}.0.{last}.weight")
    first = reading.shape("blocks.0.0.conv1.weight", 4)[1]
    widths = (first, *(reading.shape(f"blocks.{i}.0.{last}.weight", 4)[0] for i in range(deep, blocks, 1 + deep)))
    outputs, inputs = reading.shape("linear.weight", 2)
    gain = reading.shape("blocks.0.0.bn1.gain.weight", 2)
    base = max(math.isqrt(outputs // first), 1)
    shape = (base * 2 ** (len(widths) - 1),) * 2 + (3,)
    num_classes, embedding_dim = reading.shape("shared.weight", 2) if reading.has("shared.weight") else (gain[0], 0)
    places = [i for i in range(blocks) if reading.has(f"blocks.{i}.1.theta.weight")]
    settings: dict[str, Any] = {
        **_widths(GENERATOR_WIDTHS.get(shape[0]), widths, last=-1),
        "attention": base * 2 ** (places[0] // (1 + deep) + 1) if places else 0,
        "embedding_dim": embedding_dim,
        "epsilon": epsilon,
    }
    if deep:
        latent_dim, family = inputs - embedding_dim, biggan_deep
    else:
        settings["hierarchical"] = bool(embedding_dim) and gain[1] > embedding_dim
        latent_dim, family = inputs * (blocks + 1 if settings["hierarchical"] else 1), biggan

    module = family.Generator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example((latent_dim,), num_classes))
    reading.dense("stem/Dense_0", "linear", map_shape=(base, base, first))
    for i in range(blocks):
        for part in ("conv1", "conv2", *(("conv3", "conv4") if deep else ())):
            reading.conv(f"block{i}_{part}", f"blocks.{i}.0.{part}")
            _norm(reading, f"block{i}_norm{part[-1]}", f"blocks.{i}.0.bn{part[-1]}", bool(embedding_dim))
        if not deep:
            reading.conv(f"block{i}_shortcut", f"blocks.{i}.0.conv_sc")
    if embedding_dim:
        reading.embed("embedding", "shared")
    if places:
        _attention(reading, f"blocks.{places[0]}.1")
    reading.array("norm/scale", "output_layer.0.gain")
    reading.array("norm/bias", "output_layer.0.bias")
    reading.moments("norm", "output_layer.0")
    reading.conv("to_image", "output_layer.2")
    settings = {"type": f"{family.__name__.rpartition('.')[2]}.Generator", **settings}
    return Imported(settings, shape, num_classes, reading.variables(), latent_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    reading = _Reading(state, "BigGAN-PyTorch's discriminator")
    deep = reading.has("input_conv.weight")
    last, family, depth = ("conv4", biggan_deep, 2) if deep else ("conv2", biggan, 1)
    tables = DEEP_DISCRIMINATOR_WIDTHS if deep else DISCRIMINATOR_WIDTHS
    stages = reading.count(f"blocks.{{}}.0.{last}.weight")
    widths = tuple(reading.shape(f"blocks.{i}.0.{last}.weight", 4)[0] for i in range(stages))
    if deep:
        widths = (reading.shape("input_conv.weight", 4)[0], *widths)
    size = {len(table): size for size, (table, _) in tables.items()}.get(len(widths))
    if size is None:
        reading.shape(f"blocks.0.0.{last}.weight", 4)
        raise ValueError(f"BigGAN-PyTorch has no discriminator of {stages} stages")
    table, halvings = tables[size]
    num_classes = reading.shape("embed.weight", 2)[0]
    places = [i for i in range(stages) if reading.has(f"blocks.{i}.{depth}.theta.weight")]
    settings: dict[str, Any] = {
        **_widths(table, widths, last=0),
        "attention": size >> min(places[0] + 1, halvings) if len(places) == 1 else 0,
    }
    if len(places) > 1:  # at 32 pixels, where their table has all blocks at one size
        settings["attention_blocks"] = tuple(places)
    if "widths" in settings:
        settings["halvings"] = halvings

    shape = (size, size, 3)
    module = family.Discriminator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example(shape, num_classes))
    parts = {f"conv{i}": f"conv{i}" for i in (1, 2, 3, 4)} | {"shortcut": "conv_sc"}
    for i in range(stages * depth):
        for part, theirs in parts.items():
            if reading.knows(f"block{i}_{part}/"):
                reading.conv(f"block{i}_{part}", f"blocks.{i // depth}.{i % depth}.{theirs}")
    if deep:
        reading.conv("from_image", "input_conv")
    for i in places:
        _attention(reading, f"blocks.{i}.{depth}", "attention" if len(places) == 1 else f"block{i}_attention")
    reading.dense("head", "linear")
    reading.embed("projection", "embed")
    settings = {"type": f"{family.__name__.rpartition('.')[2]}.Discriminator", **settings}
    return Imported(settings, shape, num_classes, reading.variables())


def _norm(reading: Reading, ours: str, theirs: str, of_vectors: bool) -> None:
    """Scale is 1 + gain: of the condition's linear maps in ours too; of tables of classes it is the sum in ours."""
    if of_vectors:
        reading.dense(f"{ours}/scale", f"{theirs}.gain")
        reading.dense(f"{ours}/bias", f"{theirs}.bias")
    else:
        reading.array(f"{ours}/scale/embedding", f"{theirs}.gain.weight", plus=1.0)
        reading.array(f"{ours}/bias/embedding", f"{theirs}.bias.weight")
    reading.moments(f"{ours}/norm", theirs)


def _attention(reading: Reading, theirs: str, ours: str = "attention") -> None:
    for part, name in _ATTENTION.items():
        reading.conv(f"{ours}/{part}", f"{theirs}.{name}")
    reading.array(f"{ours}/gain", f"{theirs}.gamma")


def _widths(table: tuple[int, ...] | None, widths: tuple[int, ...], last: int) -> dict[str, Any]:
    """The multiplier ch where the widths are multiples of the table's, else the widths themselves."""
    ch = widths[last] // table[last] if table else 0
    return {"ch": ch} if table and widths == tuple(ch * width for width in table) else {"widths": widths}

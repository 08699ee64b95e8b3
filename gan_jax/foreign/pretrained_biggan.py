"""pytorch-pretrained-biggan's generators (DeepMind's BigGAN-deep at 128, 256 and 512 pixels): pytorch_model.bin.

Published are 51 running statistics of every norm, for truncations from 0 to 1: one of them is taken. They belong to
latents drawn from N(0, 1) within +-2 and then multiplied by the truncation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.architectures import biggan_deep
from gan_jax.architectures.parts.biggan_tables import GENERATOR_WIDTHS
from gan_jax.foreign.reading import Imported, Reading, example
from gan_jax.foreign.state_dict import StateDict

EPSILON = 1e-4  # of batch normalisation, in the package's config
_BASE = 4
_ATTENTION = {"theta": "theta", "phi": "phi", "g": "g", "out": "o_conv"}
_LAYER = "generator.layers.{}.conv_3.weight_orig"


class _Reading(Reading):
    statistics = ("running_means", "running_vars")


def convert_generator(state: StateDict, truncation: float = 1.0) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete.

    truncation: whose statistics are taken, of those tabulated: a multiple of 0.02 in (0, 1].
    """
    reading = _Reading(state, "pytorch-pretrained-biggan's generator")
    attention = reading.count("generator.layers.{}.conv_3.weight_orig")  # stands where a block would
    layers = [i for i in range(attention + 1 + reading.count(_LAYER, attention + 1)) if reading.has(_LAYER.format(i))]
    if attention == 0 or attention == len(layers) or attention % 2 or len(layers) % 2:
        reading.shape(_LAYER.format(0), 4)
        reading.shape(f"generator.layers.{min(attention, 8)}.snconv1x1_theta.weight_orig", 4)
        raise ValueError(f"{reading.network} has an even number of blocks, and attention between two pairs")
    first = reading.shape("generator.layers.0.conv_0.weight_orig", 4)[1]
    widths = (first, *(reading.shape(_LAYER.format(i), 4)[0] for i in layers[1::2]))
    size = _BASE * 2 ** (len(widths) - 1)
    embedding_dim, num_classes = reading.shape("embeddings.weight", 2)
    latent_dim = reading.shape("generator.gen_z.weight_orig", 2)[1] - embedding_dim
    settings: dict[str, Any] = {
        **_widths(GENERATOR_WIDTHS.get(size), widths),
        "attention": _BASE * 2 ** (attention // 2),
        "embedding_dim": embedding_dim,
        "output_width": reading.shape("generator.conv_to_rgb.weight_orig", 4)[0],
        "epsilon": EPSILON,
    }
    row = _row(truncation, reading.shape("generator.bn.running_means", 2)[0])

    shape = (size, size, 3)
    module = biggan_deep.Generator(shape, num_classes=num_classes, **settings)
    reading.begin(module, *example((latent_dim,), num_classes))
    # The condition is [latents, embedding] there and [embedding, latents] here.
    order = np.roll(np.arange(latent_dim + embedding_dim), embedding_dim)
    reading.dense("stem/Dense_0", "generator.gen_z", rows=order)
    for block, layer in enumerate(layers):
        for part in range(4):
            ours, theirs = f"block{block}_norm{part + 1}", f"generator.layers.{layer}.bn_{part}"
            reading.conv(f"block{block}_conv{part + 1}", f"generator.layers.{layer}.conv_{part}")
            reading.dense(f"{ours}/scale", f"{theirs}.scale", rows=order)
            reading.dense(f"{ours}/bias", f"{theirs}.offset", rows=order)
            reading.moments(f"{ours}/norm", theirs, row)
    for part, name in _ATTENTION.items():
        reading.conv(f"attention/{part}", f"generator.layers.{attention}.snconv1x1_{name}")
    reading.array("attention/gain", f"generator.layers.{attention}.gamma", (1,))
    reading.embed("embedding", "embeddings", transposed=True)
    reading.array("norm/scale", "generator.bn.weight")
    reading.array("norm/bias", "generator.bn.bias")
    reading.moments("norm", "generator.bn", row)
    reading.conv("to_image", "generator.conv_to_rgb")
    settings = {"type": "biggan_deep.Generator", **settings}
    return Imported(settings, shape, num_classes, reading.variables(), latent_dim)


def _row(truncation: float, rows: int) -> int:
    row = round(truncation * (rows - 1))
    if not 0 < truncation <= 1 or abs(row / (rows - 1) - truncation) > 1e-6:
        raise ValueError(
            f"the statistics are tabulated for truncations from {1 / (rows - 1):g} to 1 in steps of "
            f"{1 / (rows - 1):g}, not for {truncation:g}"
        )
    return row


def _widths(table: tuple[int, ...] | None, widths: tuple[int, ...]) -> dict[str, Any]:
    """The multiplier ch where the widths are multiples of the table's, else the widths themselves."""
    ch = widths[-1]
    return {"ch": ch} if table and widths == tuple(ch * width for width in table) else {"widths": widths}

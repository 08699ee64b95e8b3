"""torch-mimicry's residual networks (github.com/kwotsin/mimicry): SNGAN, SSGAN and cGAN-PD at 32, 48, 64 and 128 pixels.

What they are is read off the entries: `embed` in the norms makes a generator conditional; the discriminator's second
head, l_y, is SSGAN's rotation head where it has a bias, and the projection of cGAN-PD where it has none.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.architectures import sngan
from gan_jax.foreign.reading import Imported, Reading, example, next_singular_vectors
from gan_jax.foreign.state_dict import StateDict
from gan_jax.nn.dense import Dense

_SIZES = {(4, 5): 32, (5, 5): 48, (5, 6): 64, (6, 7): 128}  # by D's blocks, and the number in its last layer's name


class _Reading(Reading):
    """Most layers have PyTorch's spectral norm; the last ones of SSGAN and cGAN-PD at 32 have one that keeps u alone."""

    unused = (".num_batches_tracked", ".sn_sigma")

    def normalized_weight(self, theirs: str) -> str:
        return f"{theirs}.weight" if self.has(f"{theirs}.sn_u") else f"{theirs}.weight_orig"

    def singular_vectors(self, theirs: str, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.has(f"{theirs}.sn_u"):
            return next_singular_vectors(matrix, self.take(f"{theirs}.sn_u", (1, len(matrix)))[0])
        return super().singular_vectors(theirs, matrix)


def convert_generator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete."""
    reading = _Reading(state, "torch-mimicry's residual generator")
    first = reading.shape("block2.c1.weight", 4)[1]
    blocks = reading.count("block{}.c1.weight", 2)
    widths = (first, *(reading.shape(f"block{i}.c1.weight", 4)[0] for i in range(2, blocks + 2)))
    outputs, latent_dim = reading.shape("l1.weight", 2)
    base = max(math.isqrt(outputs // first), 1)
    shape = (base * 2**blocks,) * 2 + (3,)
    embed = "block2.b1.embed.weight"
    num_classes = reading.shape(embed, 2)[0] if reading.has(embed) else 0
    norm = "conditional_batch" if num_classes else "batch"
    settings: dict[str, Any] = {"norm": norm, "upsample": "linear"}
    if widths != sngan.GENERATOR_WIDTHS.get(shape[0]):
        settings["widths"] = widths

    reading.begin(
        sngan.Generator(shape, num_classes=num_classes, **settings),
        *example((latent_dim,), num_classes),
    )
    reading.dense("stem/Dense_0", "l1", map_shape=(base, base, first))
    for i in range(blocks):
        for part, theirs in (("conv1", "c1"), ("conv2", "c2"), ("shortcut", "c_sc")):
            reading.conv(f"block{i}_{part}", f"block{i + 2}.{theirs}")
        for part in (1, 2):
            norm = _conditional_norm if num_classes else _norm
            norm(reading, f"block{i}_norm{part}", f"block{i + 2}.b{part}")
    _norm(reading, "norm", f"b{blocks + 2}")
    reading.conv("to_image", f"c{blocks + 2}")
    settings = {"type": "sngan.Generator", **settings}
    return Imported(settings, shape, num_classes, reading.variables(), latent_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete.

    SSGAN's rotation head comes as the head "rotation".
    """
    network = "torch-mimicry's residual discriminator"
    reading = _Reading(state, network)
    blocks = reading.count("block{}.c1.weight_orig", 1)
    last = next((n for _, n in _SIZES if reading.has(f"l{n}.weight_orig") or reading.has(f"l{n}.weight")), 0)
    if (blocks, last) not in _SIZES:
        reading.shape("block4.c1.weight_orig", 4)
        reading.shape(f"l{max(blocks, 5)}.weight_orig", 2)
        raise ValueError(f"torch-mimicry has no discriminator of {blocks} blocks with a last layer l{last}")
    size = _SIZES[blocks, last]
    widths = tuple(reading.shape(f"block{i}.c2.weight_orig", 4)[0] for i in range(1, blocks + 1))
    settings: dict[str, Any] = {"rectified_shortcut": True}
    if widths != sngan.DISCRIMINATOR_WIDTHS[size][0]:
        settings |= {"widths": widths, "halvings": sngan.DISCRIMINATOR_WIDTHS[size][1]}

    heads, num_classes = {}, 0
    if reading.has("l_y.bias"):
        second = {name: array for name, array in state.items() if name.startswith("l_y.")}
        state = {name: array for name, array in state.items() if name not in second}
        turning, reading = _Reading(second, network), _Reading(state, network)
        turning.begin(Dense(4, scheme="spectral"), jnp.zeros((2, widths[-1])))
        turning.dense("", "l_y")
        heads["rotation"] = turning.variables()
    elif name := next((name for name in ("l_y.weight_orig", "l_y.weight") if reading.has(name)), ""):
        num_classes = reading.shape(name, 2)[0]
    shape = (size, size, 3)
    reading.begin(
        sngan.Discriminator(shape, num_classes=num_classes, **settings),
        *example(shape, num_classes),
    )
    for i in range(blocks):
        for part, theirs in (("conv1", "c1"), ("conv2", "c2"), ("shortcut", "c_sc")):
            if reading.knows(f"block{i}_{part}/"):
                reading.conv(f"block{i}_{part}", f"block{i + 1}.{theirs}")
    reading.dense("head", f"l{last}")
    if num_classes:
        reading.embed("projection", "l_y")
    settings = {"type": "sngan.Discriminator", **settings}
    return Imported(settings, shape, num_classes, reading.variables(), heads=heads)


def _norm(reading: Reading, ours: str, theirs: str) -> None:
    reading.array(f"{ours}/scale", f"{theirs}.weight")
    reading.array(f"{ours}/bias", f"{theirs}.bias")
    reading.moments(ours, theirs)


def _conditional_norm(reading: Reading, ours: str, theirs: str) -> None:
    """Scales and biases stand side by side in one table [classes, 2 C]."""
    reading.halves((f"{ours}/scale/embedding", f"{ours}/bias/embedding"), f"{theirs}.embed.weight")
    reading.moments(f"{ours}/norm", f"{theirs}.bn")

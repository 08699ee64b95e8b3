"""The models that `train_step.py` times: their configs, widths, and the work of a round."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.architectures import sndcgan, sngan
from gan_jax.architectures.parts import biggan_tables
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

MODELS = ("sngan32", "ssgan32", "sndcgan32", "sndcgan128", "biggan32")
NUM_CLASSES, CH = 10, 64  # of biggan32: BigGAN-PyTorch's CIFAR-10 script
SMALL = (8, 8)  # widths of --small, both networks'
ROOT = Path(__file__).resolve().parent.parent


def image_shape(model: str) -> tuple[int, int, int]:
    side = 128 if model.endswith("128") else 32
    return side, side, 3


def method_of(model: str, args: argparse.Namespace) -> Any:
    config = load_config(str(ROOT / "configs" / "base.py"))
    config.batch_size, config.d_steps = args.batch, args.d_steps
    config.data.shape = image_shape(model)
    config.precision = args.precision
    with config.unlocked():
        if model == "ssgan32":
            config.regularizers.rotation = {"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2}
        if model == "biggan32":
            config.method.num_classes = NUM_CLASSES
            both = {"ch": CH, "initialization": "normal"}
            config.discriminator = {"type": "biggan.Discriminator", **both}
            config.generator = {"type": "biggan.Generator", "hierarchical": False, "embedding_dim": 0, **both}
        if model.startswith("sndcgan"):
            config.generator, config.discriminator = {"type": "sndcgan.Generator"}, {"type": "sndcgan.Discriminator"}
        if args.small:
            config.generator.widths, config.discriminator.widths, halvings = widths_of(model, args)
            if not model.startswith("sndcgan"):
                config.discriminator.halvings = halvings
    return Setup.of(config).method


def labels_of(real: np.ndarray) -> np.ndarray:
    """Of biggan32's real images. -> [d_steps, B]."""
    return np.random.default_rng(2).integers(NUM_CLASSES, size=real.shape[:2]).astype(np.int32)


def widths_of(model: str, args: argparse.Namespace) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Of G's maps and of D's blocks, and how many of D's blocks halve the image."""
    if args.small:
        return SMALL, SMALL * 2 + SMALL[:1] if model.startswith("sndcgan") else SMALL, 1
    if model.startswith("sndcgan"):
        return sndcgan.Generator(image_shape(model)).widths, sndcgan.PAPER_WIDTHS, 3
    if model == "biggan32":
        widths, halvings = biggan_tables.DISCRIMINATOR_WIDTHS[32]
        times = lambda widths: tuple(CH * width for width in widths)
        return times(biggan_tables.GENERATOR_WIDTHS[32]), times(widths), halvings
    return sngan.GENERATOR_WIDTHS[32], *sngan.DISCRIMINATOR_WIDTHS[32]


def flops_a_round(model: str, args: argparse.Namespace) -> float:
    """Of the convolutions as the papers write them, whatever form computes them; backward counts as two forwards."""
    widths_g, widths_d, halvings = widths_of(model, args)
    size, _, channels = image_shape(model)
    conv = lambda size, window, before, after: 2.0 * size**2 * window**2 * before * after

    if model.startswith("sndcgan"):
        of_d, before, side = 0.0, channels, size
        for i, width in enumerate(widths_d):
            side = side // 2 if i % 2 else side
            of_d += conv(side, 4 if i % 2 else 3, before, width)
            before = width
        of_g, side = 0.0, size // 2 ** (len(widths_g) - 1)
        for before, width in zip(widths_g, widths_g[1:], strict=False):
            of_g += conv(side, 4, before, width)  # every pixel meets the window once
            side *= 2
        of_g += conv(side, 3, widths_g[-1], channels)
        return args.batch * (args.d_steps * (of_g + 6 * of_d) + 3 * of_g + 2 * of_d)

    of_d, before, side = 0.0, channels, size
    for i, width in enumerate(widths_d):
        hidden = before if i and model != "biggan32" else width
        of_d += conv(side, 3, before, hidden) + conv(side, 3, hidden, width)
        side = side // 2 if i < halvings else side
        if i < max(halvings, 1) or width != before:
            of_d += conv(side, 1, before, width)
        before = width
    of_g, side = 0.0, size // 2 ** (len(widths_g) - 1)
    for before, width in zip(widths_g, widths_g[1:], strict=False):
        of_g += conv(side, 1, before, width) + conv(2 * side, 3, before, width) + conv(2 * side, 3, width, width)
        side *= 2
    of_g += conv(side, 3, widths_g[-1], channels)

    turned = 0.75 if model == "ssgan32" else 0.0  # a quarter of the batch by three angles; the fourth is judged anyway
    update_d = of_g + 3 * of_d * (2 + turned)
    update_g = 3 * of_g + 2 * of_d * (1 + turned)  # D's kernels need no gradient
    return args.batch * (args.d_steps * update_d + update_g)

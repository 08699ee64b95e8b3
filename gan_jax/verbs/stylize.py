"""Images in the style of others, by a run of style transfer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl.flags import FlagValues
from tqdm import tqdm

from gan_jax.command.flags import Flags
from gan_jax.data.images.channels import with_channels
from gan_jax.data.images.resizing import resize
from gan_jax.features.vgg19 import SMALLEST
from gan_jax.methods.style_transfer import CONTENT, StyleSampler
from gan_jax.nn.compiling import compiled
from gan_jax.run.state import restore
from gan_jax.run.translating import Item, items_of
from gan_jax.runtime.workdir import check_apart, check_new_file, check_new_folder
from gan_jax.runtime.writers.images import save_png
from gan_jax.types import Array

INSTEAD = {"num": "--content=FOLDER", "seed": "chance has no part in it", "label": "--style=FILE"}
_SUM = 0.015  # by how much weights may miss 1, as 0.33,0.33,0.33 do


def declare(flags: Flags) -> None:
    """What `gan_jax stylize` takes."""
    flags.group("The run")
    flags.workdir("The folder of a run of style transfer.", needed="runs/adain_emoji")
    flags.integer("step", None, "Which checkpoint; by default the newest.", lowest=0)
    flags.group("The images")
    flags.path("content", None, "An image, or a folder of images.", needed="photo.jpg")
    flags.listed("style", None, "An image, or several between commas, which are blended.", "painting.jpg", needed=True)
    flags.path("out", "stylized.png", "A PNG, or a folder's name for one of each content image's name.")
    flags.group("How")
    flags.number("alpha", 1.0, "How much of the style, from 0 to 1.")
    flags.listed("style_weights", None, "A share for each style; by default all alike.", "0.3,0.7")
    flags.integer("content_size", None, "Pixels of the content's shorter side; by default as it is.", lowest=SMALLEST)
    flags.integer("style_size", None, "Pixels of the styles' shorter sides; by default as they are.", lowest=SMALLEST)
    flags.machine(processes=False)


def run(values: FlagValues) -> None:
    """Plays `gan_jax stylize`."""
    written = stylize(
        values.workdir,
        values.content,
        values.style,
        values.out,
        values.alpha,
        None if values.style_weights is None else [_number(text) for text in values.style_weights],
        values.content_size,
        values.style_size,
        values.step,
    )
    print(f"wrote {written[0]}" if len(written) == 1 else f"wrote {len(written)} images to {written[0].parent}")


def stylize(
    workdir: str | Path,
    content: str | Path,
    style: str | Path | Sequence[str | Path],
    out: str | Path,
    alpha: float = 1.0,
    style_weights: Sequence[float] | None = None,
    content_size: int | None = None,
    style_size: int | None = None,
    step: int | None = None,
) -> list[Path]:
    """Writes content images in the blended styles of images, see `transfer`. -> the files written.

    An image keeps its size; each size is a program of its own, which takes seconds to compile. The networks look at
    images of one size while they learn, so that the size of a style's motifs counts: style_size changes it.

    Args:
        content: an image file, or a folder of images.
        style: an image file or several.
        out: a .png, or a folder.
        alpha: 0 to 1.
        style_weights: a share for each style, 0 or more, which make 1 together; None: all alike.
        content_size, style_size: pixels of the shorter side, to which images are brought; None: as they are.
        step: of the checkpoint; None: the newest.

    Raises:
        FileNotFoundError: no such run, image or folder. ValueError: alpha or weights out of range, an image too small to be
        encoded, a run of another method.
    """
    styles = [Path(each).expanduser() for each in ([style] if isinstance(style, str | Path) else style)]
    shares = checked_weights(style_weights, len(styles))
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is from 0 (the content alone) to 1 (the whole style), not {alpha:g}")
    items, written = _items(content, styles, out)
    restored = restore(workdir, step)
    sampler = next(iter(restored.setup.method.samplers(restored.state, restored.phase).values()))
    if not isinstance(sampler, StyleSampler):
        raise ValueError(
            f"{workdir} is a run of {restored.setup.config['method']['type']}: stylize takes one of style transfer, such as"
            " of --config=adain_emoji"
        )
    channels = restored.phase.shape[-1]
    read = [_read(items_of(str(path))[0], channels, style_size) for path in styles]
    for item, path in zip(tqdm(items, unit="image", disable=len(items) < 2), written, strict=True):
        image = _read(item, channels, content_size)
        made = np.asarray(transfer(sampler, image, read, shares, alpha))[0]
        save_png(path, np.round(np.clip(made, -1, 1) * 127.5 + 127.5).astype(np.uint8))
    return written


def transfer(
    sampler: StyleSampler,
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    style_weights: Sequence[float] | None = None,
    alpha: float = 1.0,
) -> Array:
    """Images [B, H, W, C] about [-1, 1] in a blend of styles [B, H', W', C], each of any size: Eq. (15), arXiv:1703.06868.

    The blend of features of one content is the content with the blend of the styles' means and deviations. The decoder makes
    images of the next multiples of 8, from the upper left corner; what is beyond the content is cut off.
    """
    shares = checked_weights(style_weights, len(styles))
    found = [_style(sampler, each) for each in styles]
    mean, deviation = (sum(w * each for w, each in zip(shares, of, strict=True)) for of in zip(*found, strict=True))
    return _made(sampler.replace(alpha=np.float32(alpha)), content, mean, deviation)


def checked_weights(style_weights: Sequence[float] | None, styles: int) -> list[float]:
    """A share for each style, 1 in all. Raises ValueError where they are of another number, below 0, or make something else."""
    if not styles:
        raise ValueError("style transfer needs a style image or more")
    if style_weights is None:
        return [1 / styles] * styles
    total, told = math.fsum(style_weights), ", ".join(f"{each:g}" for each in style_weights)
    if len(style_weights) != styles:
        raise ValueError(
            f"there are {styles} styles and {len(style_weights)} style_weights ({told}): give one for each"
        )
    if not all(each >= 0 for each in style_weights) or not abs(total - 1) <= _SUM:
        raise ValueError(f"style_weights are shares from 0 on which make 1 together, and {told} make {total:g}")
    return [each / total for each in style_weights]


@compiled
def _style(sampler: StyleSampler, images: Array) -> tuple[Array, Array]:
    return sampler.style(images)


@compiled
def _made(sampler: StyleSampler, content: Array, mean: Array, deviation: Array) -> Array:
    codes = {CONTENT: sampler.content(content), "mean": mean, "deviation": deviation}
    return sampler.synthesize(codes)[0][:, : content.shape[1], : content.shape[2]]


def _items(content: str | Path, styles: Sequence[Path], out: str | Path) -> tuple[list[Item], list[Path]]:
    """The content images, and the PNG that each becomes. Raises ValueError where these would be written over what is read."""
    for each in styles:
        if each.is_dir():
            raise ValueError(f"{each} is a folder: name the style's images one by one, between commas")
    out, items = Path(out).expanduser(), items_of(str(content))
    check_apart(out, content, *styles)
    if out.suffix == "":
        return items, [check_new_folder(out) / f"{item.name}.png" for item in items]
    if out.suffix != ".png":
        raise ValueError(f"cannot write {out}: out ends in .png, or is a folder's name without an ending")
    if len(items) > 1:
        raise ValueError(f"{len(items)} images cannot be written to {out}: give a folder's name without an ending")
    return items, [check_new_file(out)]


def _read(item: Item, channels: int, shorter_side: int | None) -> np.ndarray:
    """float32 [1, H, W, channels] in [-1, 1]."""
    image = with_channels(item.read(), channels)
    if shorter_side is not None:
        scale = shorter_side / min(image.shape[:2])
        image = resize(image, (round(image.shape[0] * scale), round(image.shape[1] * scale)), "lanczos")
    if min(image.shape[:2]) < SMALLEST:
        height, width = image.shape[:2]
        raise ValueError(f"{item.name} has {height} x {width} pixels: the encoder needs {SMALLEST} a side")
    return image[None].astype(np.float32) / 127.5 - 1


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--style_weights={text}: a number is needed for each style, such as 0.3,0.7") from None

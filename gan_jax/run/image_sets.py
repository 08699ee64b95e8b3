"""Sets of images that scores compare: a folder, an .npz file, or a data set by its name."""

from __future__ import annotations

from pathlib import Path

from gan_jax.data import EightBit, Preprocessing, Source, inspect_source, open_source

_BY_NAME = {"emoji": "bicubic", "digits": "bicubic", "faces": "box"}  # and how each is resized; faces: as its size 32


def open_set(name: str, pixel_range: tuple[float, float] | None = None) -> EightBit:
    """The images of a folder, an .npz file, or a data set by name, as they are.

    pixel_range: black and white of float pixels in an .npz file. Raises ValueError where there are none of these.
    """
    path = Path(name).expanduser()
    if pixel_range is not None and path.suffix != ".npz":
        raise ValueError(f"a range of pixels is of the floats in an .npz file, and {name} is none")
    if path.is_dir():
        return _as_it_is(open_source("folder", path=str(path)))
    if path.suffix == ".npz":
        return _as_it_is(open_source("arrays", path=str(path), pixel_range=pixel_range))
    source, _, split = name.partition("/")
    if source not in _BY_NAME:
        raise FileNotFoundError(f"{name} is no folder, no .npz file, and none of the data sets {', '.join(_BY_NAME)}")
    return _as_it_is(open_source(source, split=split or "train"), split or "train")


def open_reference(name: str, shape: tuple[int, ...]) -> dict[str, EightBit]:
    """By split. One set of images stands for both; a data set by name is resized to `shape`."""
    source, _, split = name.partition("/")
    if source not in _BY_NAME or Path(name).exists():
        return dict.fromkeys(("train", "test"), open_set(name))
    fitted = lambda part: EightBit(open_source(source, split=part), Preprocessing(shape, filter=_BY_NAME[source]), part)
    return (
        dict.fromkeys(("train", "test"), fitted(split)) if split else {"train": fitted("train"), "test": fitted("test")}
    )


def _as_it_is(source: Source, split: str | None = None) -> EightBit:
    sizes = inspect_source(source).sizes
    if len(sizes) > 1:
        told = ", ".join(" x ".join(map(str, size)) for size in list(sizes)[:3])
        raise ValueError(f"{source!r} holds images of different sizes ({told}, ...): scores compare images of one size")
    (size,) = sizes
    return EightBit(
        source, Preprocessing(size, resize="none", crop="none"), split if split in ("train", "test") else None
    )

"""Sets of images that scores compare: a folder, a zip archive, an .npz file, or a data set by its name."""

from __future__ import annotations

from pathlib import Path

from gan_jax.data import EightBit, Preprocessing, Source, inspect_source, open_source

_BY_NAME = {"emoji": "bicubic", "digits": "bicubic", "faces": "box"}  # and how each is resized; faces: as its size 32


def open_set(name: str, pixel_range: tuple[float, float] | None = None, skip_broken: bool = False) -> EightBit:
    """The images of a folder, a zip archive, an .npz file, or a data set by name, as they are.

    A folder's images have one height and width; they are RGB if any of them is, else grey, with alpha only if all have it.
    Labels of an .npz file without names of classes stay the numbers that they are.

    pixel_range: black and white of float images in an .npz file. skip_broken: leave out a folder's files that do not
    decode; `notes` names them. Of other sets it changes nothing: none of their images can be broken.
    Raises FileNotFoundError for a name of none of these; ValueError for images of different sizes, and for a range where
    there are no floats.
    """
    path = Path(name).expanduser()
    if pixel_range is not None and path.suffix != ".npz":
        raise ValueError(f"a range of pixels is of the floats in an .npz file, and {name} is none")
    if path.is_dir() or path.suffix.lower() == ".zip":
        return _as_it_is(open_source("folder", path=str(path), skip_broken=skip_broken))
    if path.suffix == ".npz":
        return _as_it_is(open_source("arrays", path=str(path), pixel_range=pixel_range, by_number=True))
    source, _, split = name.partition("/")
    if source not in _BY_NAME:
        raise FileNotFoundError(
            f"{name} is no folder, no .zip or .npz file, and none of the data sets {', '.join(_BY_NAME)}"
        )
    return _as_it_is(open_source(source, split=split or "train"), split or "train")


def open_reference(name: str, shape: tuple[int, ...], skip_broken: bool = False) -> dict[str, EightBit]:
    """By split. A set without a test split stands for both; a data set by name is resized to `shape`.

    skip_broken: as of `open_set`.
    """
    source, _, split = name.partition("/")
    if source not in _BY_NAME or Path(name).exists():
        whole, test = open_set(name, skip_broken=skip_broken), _test_split(Path(name).expanduser(), skip_broken)
        if test is not None:
            whole.split = "train"  # what is read where no split is named
        return {"train": whole, "test": test or whole}
    fitted = lambda part: EightBit(open_source(source, split=part), Preprocessing(shape, filter=_BY_NAME[source]), part)
    return (
        dict.fromkeys(("train", "test"), fitted(split)) if split else {"train": fitted("train"), "test": fitted("test")}
    )


def _test_split(path: Path, skip_broken: bool) -> EightBit | None:
    """That of a folder, archive or .npz file; None where it has none."""
    try:
        if path.suffix == ".npz":
            source = open_source("arrays", path=str(path), split="test", by_number=True)
        else:
            source = open_source("folder", path=str(path), split="test", skip_broken=skip_broken)
    except (ValueError, OSError):
        return None
    return _as_it_is(source, "test")


def _as_it_is(source: Source, split: str | None = None) -> EightBit:
    sizes = inspect_source(source, len(source)).sizes  # of all: where an image stands must not matter
    if len({size[:2] for size in sizes}) > 1:
        told = ", ".join(" x ".join(map(str, size)) for size in list(sizes)[:3])
        raise ValueError(f"{source!r} holds images of different sizes ({told}, ...): scores compare images of one size")
    return EightBit(
        source,
        Preprocessing(
            (*next(iter(sizes))[:2], _common_channels({size[2] for size in sizes})), resize="none", crop="none"
        ),
        split if split in ("train", "test") else None,
    )


def _common_channels(found: set[int]) -> int:
    """Those that hold all the colours there are; alpha is kept where all images have it."""
    return (3 if found & {3, 4} else 1) + (1 if found <= {2, 4} else 0)

"""Digits stacked in the channels of images."""

import numpy as np
import pytest

from gan_jax.data import open_source
from gan_jax.data.sources.digits import Digits


def stacked(**settings):
    return open_source("stacked_digits", **({"length": 50} | settings))


@pytest.mark.parametrize("split", ["train", "test", "train+test"])
def test_every_channel_is_a_digit_of_the_split(split):
    source = stacked(split=split)
    digits = np.concatenate([Digits(part).images[..., 0] for part in split.split("+")])
    known = {digit.tobytes() for digit in digits}
    for i in range(len(source)):
        image = source[i]["image"]
        assert image.shape == source.sizes_of(i)["image"] == (8, 8, 3) and image.dtype == np.uint8
        assert all(np.ascontiguousarray(image[..., c]).tobytes() in known for c in range(3))
    assert len(source) == 50 and source.labels() is None and source.classes == () and source.keys == ("image",)
    with pytest.raises(IndexError):
        source[50]


def test_triples_are_the_seeds_own():
    same = lambda a, b: all(np.array_equal(a[i]["image"], b[i]["image"]) for i in range(50))
    assert same(stacked(), stacked(split="train")) and repr(stacked()) != repr(stacked(seed=1))
    assert not same(stacked(), stacked(seed=1)) and not same(stacked(), stacked(split="test"))
    assert len(open_source("stacked_digits")) == 128_000
    both = stacked(split="train+test", length=4000)._triples
    assert both.min() < 10 and both.max() > 1780 and abs(np.corrcoef(both.T)[0, 1]) < 0.1  # channels are independent


def test_digits_of_ones_own(tmp_path):
    """From a file: of its training part where it has parts, of the named ones, or of all."""
    rng = np.random.default_rng(0)
    parts = {f"image_{part}": rng.integers(0, 256, (n, 5, 4), np.uint8) for part, n in (("train", 6), ("test", 3))}
    np.savez(tmp_path / "digits.npz", **parts)
    path = str(tmp_path / "digits.npz")
    for split, of in ((None, ("train",)), ("test", ("test",)), ("train+test", ("train", "test"))):
        source = stacked(path=path, split=split)
        known = {digit.tobytes() for part in of for digit in parts[f"image_{part}"]}
        seen = {np.ascontiguousarray(source[i]["image"][..., c]).tobytes() for i in range(50) for c in range(3)}
        assert seen == known and source[0]["image"].shape == (5, 4, 3)


def test_what_is_no_digit_is_refused(tmp_path):
    np.savez(tmp_path / "colour.npz", image=np.zeros((4, 5, 5, 3), np.uint8))
    with pytest.raises(ValueError, match="digits are of one channel and one size"):
        stacked(path=str(tmp_path / "colour.npz"))
    with pytest.raises(ValueError, match="from a file .path. or from TFDS .name, data_dir., not from both"):
        stacked(path="x.npz", name="mnist")
    with pytest.raises(ValueError, match="stacked_digits: split 'all' is not known"):
        stacked(split="all")
    with pytest.raises(ValueError, match="stacked_digits: length must be a whole number from 1 on"):
        stacked(length=0)

import numpy as np
import pytest
from PIL import Image

from gan_jax.data.images.resizing import FILTERS, resize

SIZES = [
    ((37, 50), (13, 17)),
    ((8, 8), (4, 4)),
    ((16, 12), (32, 24)),
    ((9, 40), (3, 39)),
    ((7, 5), (7, 2)),
    ((1, 1), (3, 2)),
]


def noise(h, w, channels):
    return np.random.default_rng(0).integers(0, 256, (h, w, channels), np.uint8)


def by_pillow_in_floats(image, size, filter):
    """Pillow's mode F knows no levels, so it rounds and clips nothing on the way."""
    planes = [Image.fromarray(plane.astype(np.float32)) for plane in np.moveaxis(image, -1, 0)]
    resized = [np.asarray(plane.resize(size[::-1], Image.Resampling[filter.upper()])) for plane in planes]
    return np.floor(np.clip(np.stack(resized, -1), 0, 255) + 0.5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("old, new", SIZES)
@pytest.mark.parametrize("filter", FILTERS)
def test_resizes_as_pillow_does_in_floats(filter, old, new, channels):
    image = noise(*old, channels)
    ours = resize(image, new, filter)
    difference = np.abs(ours - by_pillow_in_floats(image, new, filter))
    assert ours.shape == (*new, channels) and ours.dtype == np.uint8
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.01  # halves of a level may go either way


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("filter", FILTERS)
def test_a_part_is_cut_from_the_whole(filter, channels):
    image = noise(61, 83, channels)
    whole = resize(image, (29, 40), filter)
    np.testing.assert_array_equal(resize(image, (29, 40), filter, (3, 11, 20, 17)), whole[3:23, 11:28])


def test_a_large_image_is_multiplied_in_pieces_that_fit_together():
    image = noise(900, 700, 3)
    difference = np.abs(resize(image, (300, 500), "lanczos") - by_pillow_in_floats(image, (300, 500), "lanczos"))
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.001


def test_colours_under_transparent_pixels_do_not_show():
    image = np.zeros((4, 4, 4), np.uint8)
    image[:, :2] = 200, 100, 50, 255  # half opaque, half a transparent black
    half = resize(image, (1, 1), "box")[0, 0]
    assert np.abs(half - np.asarray([200.0, 100, 50, 128])).max() <= 1


def test_a_mean_between_two_levels_rounds_up():
    image = np.asarray([[[0], [1]], [[1], [0]]], np.uint8)
    assert resize(image, (1, 1), "box").item() == 1
    assert resize(image, (1, 2), "box").ravel().tolist() == [1, 1]


def test_sharpening_filters_are_clipped_not_wrapped():
    edge = np.zeros((32, 32, 1), np.uint8)
    edge[:, 16:] = 255
    for filter in ("bicubic", "lanczos"):
        out = resize(edge, (20, 20), filter)[:, :, 0]
        assert (out[:, :8] < 40).all() and (out[:, 12:] > 215).all()

import numpy as np
import pytest

from gan_jax.data.images.channels import with_channels
from gan_jax.data.images.framing import CROPS
from gan_jax.data.images.resizing import FILTERS
from gan_jax.data.preprocessing import Preprocessing


def image_of(h, w, c, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, c), np.uint8)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_an_image_of_the_right_size_is_only_scaled():
    image = image_of(6, 4, 3)
    out = Preprocessing((6, 4, 3))({"image": image, "label": 2}, None)
    np.testing.assert_array_equal(out["image"], (image / np.float32(127.5) - 1).astype(np.float32))
    assert out["image"].dtype == np.float32 and out["label"] == 2 and out["label"].dtype == np.int32


def test_black_and_white_are_minus_one_and_one():
    ends = np.array([0, 255], np.uint8).reshape(1, 2, 1)
    out = Preprocessing((1, 2, 1))({"image": ends}, None)
    np.testing.assert_array_equal(out["image"].ravel(), [-1, 1])
    assert "label" not in out


@pytest.mark.parametrize("have", [1, 2, 3, 4])
@pytest.mark.parametrize("want", [1, 2, 3, 4])
def test_every_number_of_channels_becomes_every_other(have, want):
    out = Preprocessing((5, 7, want))({"image": image_of(9, 8, have)}, None)["image"]
    assert out.shape == (5, 7, want) and np.abs(out).max() <= 1


def test_transparency_is_laid_on_white():
    clear = np.zeros((1, 1, 4), np.uint8)
    half = np.array([[[100, 0, 50, 51]]], np.uint8)  # 51 / 255 = 1/5
    np.testing.assert_array_equal(with_channels(clear, 3), np.full((1, 1, 3), 255))
    np.testing.assert_array_equal(with_channels(half, 3), [[[224, 204, 214]]])
    np.testing.assert_array_equal(with_channels(np.array([[[0, 0]]], np.uint8), 1), [[[255]]])
    np.testing.assert_array_equal(with_channels(np.array([[[7, 9]]], np.uint8), 4), [[[7, 7, 7, 9]]])


def test_grey_and_opaque_channels():
    grey = with_channels(np.array([[[100, 150, 200]]], np.uint8), 1)
    assert grey[0, 0, 0] == round(0.299 * 100 + 0.587 * 150 + 0.114 * 200)
    np.testing.assert_array_equal(with_channels(np.array([[[9]]], np.uint8), 3), [[[9, 9, 9]]])
    np.testing.assert_array_equal(with_channels(np.array([[[1, 2, 3]]], np.uint8), 4), [[[1, 2, 3, 255]]])


def test_short_side_keeps_the_aspect_and_exact_does_not():
    image = np.zeros((8, 32, 1), np.uint8)
    image[:, 12:20] = 255  # the middle quarter is white
    kept = Preprocessing((8, 8, 1))({"image": image}, None)["image"]
    np.testing.assert_array_equal(kept, np.ones((8, 8, 1)))
    stretched = Preprocessing((8, 8, 1), resize="exact", filter="box")({"image": image}, None)["image"]
    np.testing.assert_array_equal(stretched[:, :3], -np.ones((8, 3, 1)))
    np.testing.assert_array_equal(stretched[:, 3:5], np.ones((8, 2, 1)))


def test_box_filter_averages():
    image = image_of(8, 8, 1)
    out = Preprocessing((4, 4, 1), filter="box")({"image": image}, None)["image"]
    mean = image.reshape(4, 2, 4, 2, 1).mean(axis=(1, 3))
    assert np.abs((out + 1) * 127.5 - mean).max() < 0.501


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_keeps_a_constant(name):
    out = Preprocessing((3, 5, 3), filter=name)({"image": np.full((17, 11, 3), 51, np.uint8)}, None)["image"]
    np.testing.assert_allclose(out, 51 / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("crop", ["center", "random", "distorted"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (5, 50), (40, 3), (16, 16)])
@pytest.mark.parametrize("shape", [(4, 4, 3), (8, 2, 1)])
def test_crops_of_tiny_and_narrow_images(crop, size, shape):
    preprocessing = Preprocessing(shape, crop=crop)
    for seed in range(5):
        assert preprocessing({"image": image_of(*size, 3)}, rng(seed))["image"].shape == shape


def test_random_crops_reach_every_place_and_are_parts_of_the_image():
    image = np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
    preprocessing = Preprocessing((4, 4, 1), resize="none", crop="random")
    corners = set()
    for seed in range(100):
        out = np.round((preprocessing({"image": image}, rng(seed))["image"] + 1) * 127.5).astype(int)
        top, left = divmod(out[0, 0, 0], 6)
        np.testing.assert_array_equal(out, image[top : top + 4, left : left + 4])
        corners.add((top, left))
    assert len(corners) == 9


def test_distorted_crops_cover_half_to_all_of_the_area():
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8)[:, None, None], (128, 128, 1))
    heights = []
    for seed in range(100):
        out = Preprocessing((32, 32, 1), crop="distorted", filter="box")({"image": ramp}, rng(seed))["image"]
        rows = (out[:, 0, 0] + 1) * 127.5
        heights.append((rows[-1] - rows[0]) * 32 / 31)
    assert 128 * np.sqrt(0.5) - 2 < min(heights) < 96 and 120 < max(heights) < 130


def test_oversize_leaves_room_for_a_random_crop():
    preprocessing = Preprocessing((256, 256, 1), oversize=286 / 256, crop="random")
    assert preprocessing.prepare({"image": image_of(256, 256, 1)})["image"].shape == (286, 286, 1)
    assert preprocessing({"image": image_of(256, 256, 1)}, rng())["image"].shape == (256, 256, 1)


def test_flip_mirrors_about_half():
    image = image_of(4, 5, 3)
    plain = Preprocessing((4, 5, 3))({"image": image}, None)["image"]
    flipped = 0
    for seed in range(200):
        out = Preprocessing((4, 5, 3), flip=True)({"image": image}, rng(seed))["image"]
        mirrored = not np.array_equal(out, plain)
        flipped += mirrored
        np.testing.assert_array_equal(out, plain[:, ::-1] if mirrored else plain)
    assert 70 < flipped < 130


def test_dequantization_fills_the_gaps_between_levels():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    out = Preprocessing((16, 16, 1), dequantize=True)({"image": image}, rng())["image"]
    above = (out + 1) * 128 - image
    assert above.min() >= 0 and above.max() <= 1 + 1e-4 and above.std() > 0.2 and np.abs(out).max() <= 1


def test_without_randomness():
    preprocessing = Preprocessing((4, 4, 3), crop="distorted", flip=True, dequantize=True)
    assert preprocessing.is_random
    assert preprocessing.without_randomness() == Preprocessing((4, 4, 3))
    assert not Preprocessing((4, 4, 3), crop="none").without_randomness().is_random


def test_chance_needs_a_generator():
    for settings in ({"flip": True}, {"dequantize": True}, {"crop": "random"}):
        with pytest.raises(ValueError, match="needs a random generator"):
            Preprocessing((4, 4, 3), **settings)({"image": image_of(4, 4, 3)})


def test_points_pass_through():
    point = np.array([3.5, -2], np.float32)
    out = Preprocessing((2,))({"image": point, "label": 1}, None)
    np.testing.assert_array_equal(out["image"], point)
    Preprocessing((2,)).check({"image": {(2,): 5}})


def test_several_sizes_without_resize_are_an_error_that_lists_them():
    with pytest.raises(ValueError, match=r"Sizes found: 8 x 8 x 3 \(90\), 9 x 7 x 3 \(10\).*Set resize"):
        Preprocessing((8, 8, 3), resize="none", crop="none").check({"image": {(8, 8, 3): 90, (9, 7, 3): 10}})
    Preprocessing((7, 7, 3), resize="none").check(
        {"image": {(8, 8, 3): 90, (9, 7, 3): 10}}
    )  # both hold a centre of 7 x 7


def test_one_other_size_without_resize_is_an_error():
    with pytest.raises(ValueError, match="8 x 8 do not become 16 x 16"):
        Preprocessing((16, 16, 3), resize="none").check({"image": {(8, 8, 3): 1}})
    with pytest.raises(ValueError, match="8 x 8 do not become 16 x 16"):
        Preprocessing((16, 16, 3), resize="none")({"image": image_of(8, 8, 3)}, None)
    with pytest.raises(ValueError, match="crop 'none'"):
        Preprocessing((16, 16, 3), crop="none").check({"image": {(8, 9, 3): 1}})


def test_points_and_images_do_not_mix():
    with pytest.raises(ValueError, match="holds points"):
        Preprocessing((8, 8, 3)).check({"image": {(2,): 1}})
    with pytest.raises(ValueError, match="holds images"):
        Preprocessing((2,)).check({"image": {(8, 8, 3): 1}})
    with pytest.raises(ValueError, match="holds images"):
        Preprocessing((2,))({"image": image_of(8, 8, 3)}, None)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"resize": "short_sid"}, "did you mean 'short_side'"),
        ({"filter": "lanzcos"}, "did you mean 'lanczos'"),
        ({"crop": "centre"}, "did you mean 'center'"),
        ({"crop": "distorted", "resize": "none"}, "distorted"),
        ({"oversize": 0.5}, "oversize"),
        ({"oversize": 1.5, "crop": "none"}, "oversize"),
        ({"shape": (8, 8, 5)}, "1 to 4 channels"),
        ({"shape": (8, 8)}, "1 to 4 channels"),
        ({"shape": (2,), "flip": True}, "points"),
    ],
)
def test_unknown_and_contradicting_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**{"shape": (8, 8, 3), **settings})


def test_every_crop_is_tested_above():
    assert set(CROPS) == {"none", "center", "random", "distorted"}

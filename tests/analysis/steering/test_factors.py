"""What is measured of images, by hand."""

import numpy as np
import pytest
from scipy import ndimage

from gan_jax.analysis.steering.factors import changes, factors_of, turns, unlike_the_border


def with_a_square(top, left, side, of=16, ink=1.0):
    image = np.full((of, of, 1), -1.0)
    image[top : top + side, left : left + side] = ink
    return image


def test_a_square_is_where_and_as_large_as_it_is():
    """4 x 4 pixels, the first at row 2 and column 8: centre (4, 10) of 16; mean square distance 2 x (16 - 1) / 12."""
    found = factors_of(np.stack([with_a_square(2, 8, 4)]))
    assert found["place_y"][0] == pytest.approx(4 / 16) and found["place_x"][0] == pytest.approx(10 / 16)
    assert found["size"][0] == pytest.approx(np.log(np.sqrt(2 * 15 / 12) / 16))
    assert found["brightness"][0] == pytest.approx(1 / 16)
    assert found["contrast"][0] == pytest.approx(np.sqrt(15) / 16)
    assert "red" not in found


def test_dark_ink_on_a_light_ground_is_as_salient():
    image = with_a_square(2, 8, 4)
    np.testing.assert_array_equal(unlike_the_border(image[None]), unlike_the_border(-image[None]))


def test_too_little_has_no_place():
    found = factors_of(np.stack([with_a_square(2, 8, 2), with_a_square(2, 8, 3)]))  # 4 and 9 of 256 pixels
    assert np.isnan(found["place_x"][0]) and np.isnan(found["size"][0]) and np.isfinite(found["place_x"][1])
    assert np.isfinite(found["brightness"]).all()


def test_colours_are_measured_apart():
    image = np.concatenate([with_a_square(2, 8, 4), *[np.full((16, 16, 1), -1.0)] * 2], -1)
    found = factors_of(image[None])
    assert found["red"][0] == pytest.approx(1 / 16) and found["green"][0] == found["blue"][0] == 0


@pytest.mark.parametrize("degrees", [-40.0, -12.5, 0.0, 25.0])
def test_a_turn_is_found(degrees):
    image = np.full((32, 32), -1.0)
    image[10:14, 6:27] = 1.0
    image[14:24, 20:24] = 1.0
    turned = ndimage.rotate(image, -degrees, reshape=False, order=1, mode="nearest")  # SciPy turns the other way
    found = turns(turned[None, ..., None], image[None, ..., None])
    assert np.rad2deg(found[0]) == pytest.approx(degrees, abs=2)


def test_changes_are_from_the_image_itself():
    before, after = with_a_square(4, 4, 4), with_a_square(4, 7, 4)
    found = changes(np.stack([before, after])[None], before[None])
    np.testing.assert_allclose(found["place_x"], [[0, 3 / 16]], atol=1e-12)
    np.testing.assert_allclose(found["size"], [[0, 0]], atol=1e-12)
    assert found["angle"].shape == (1, 2)

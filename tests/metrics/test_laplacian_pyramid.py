import numpy as np
import pytest
import scipy.ndimage

from gan_jax.metrics.laplacian_pyramid import laplacian_level, pyramid_down, pyramid_sides, pyramid_up

WINDOW = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256


@pytest.mark.parametrize("shape", [(2, 8, 12, 3), (1, 4, 4, 1)])
def test_against_scipy(rng, shape):
    x = rng.normal(size=shape).astype(np.float32)
    down = scipy.ndimage.convolve(x, WINDOW, mode="mirror")[:, ::2, ::2]
    np.testing.assert_allclose(pyramid_down(x), down, atol=1e-6)
    apart = np.zeros((shape[0], 2 * shape[1], 2 * shape[2], shape[3]))
    apart[:, ::2, ::2] = x
    np.testing.assert_allclose(pyramid_up(x), scipy.ndimage.convolve(apart, 4 * WINDOW, mode="mirror"), atol=1e-6)
    assert pyramid_down(x).dtype == pyramid_up(x).dtype == np.float32


def test_levels_add_up_to_the_image(rng):
    x = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    levels = [laplacian_level(x, level, level == 2) for level in range(3)]
    assert [level.shape[1] for level in levels] == [64, 32, 16]
    rebuilt = levels[2]
    for level in (levels[1], levels[0]):
        rebuilt = level + pyramid_up(rebuilt)
    np.testing.assert_allclose(rebuilt, x, atol=1e-3)


def test_a_flat_image_has_no_detail():
    x = np.full((1, 32, 32, 1), 7, np.uint8)
    np.testing.assert_allclose(laplacian_level(x, 0, False), 0, atol=1e-5)
    np.testing.assert_allclose(laplacian_level(x, 1, True), 7, rtol=1e-6)


def test_sides():
    assert pyramid_sides(128, 128) == [(128, 128), (64, 64), (32, 32), (16, 16)]
    assert pyramid_sides(16, 16) == [(16, 16)] and pyramid_sides(8, 8) == [(8, 8)]
    assert pyramid_sides(48, 96) == [(48, 96), (24, 48)]
    assert pyramid_sides(66, 66) == [(66, 66), (33, 33)]

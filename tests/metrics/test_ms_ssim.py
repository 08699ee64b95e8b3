import numpy as np
import pytest
import scipy.ndimage

from gan_jax.metrics.ms_ssim import WEIGHTS, check_scales, ms_ssim


def by_scipy(x, y, scales):
    """One pair of images [H, W, C] in [0, 1], even at every scale, in float64."""
    line = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    mean = lambda z: scipy.ndimage.correlate(z, window)[5:-5, 5:-5]
    values = []
    for channel in range(x.shape[2]):
        a, b, value = x[..., channel], y[..., channel], 1.0
        weights = np.divide(WEIGHTS[:scales], sum(WEIGHTS[:scales])) if scales < 5 else WEIGHTS
        for scale, weight in enumerate(weights):
            if scale:
                a, b = (z.reshape(len(z) // 2, 2, len(z) // 2, 2).mean((1, 3)) for z in (a, b))
            va, vb, c = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2, mean(a * b) - mean(a) * mean(b)
            term = (2 * c + 0.03**2) / (va + vb + 0.03**2)
            if scale == scales - 1:
                term *= (2 * mean(a) * mean(b) + 0.01**2) / (mean(a) ** 2 + mean(b) ** 2 + 0.01**2)
            value *= max(term.mean(), 0) ** weight
        values.append(value)
    return np.mean(values)


def smooth(rng, shape):
    blurred = scipy.ndimage.gaussian_filter(rng.normal(size=shape), (0, 2, 2, 0))
    return np.clip(0.5 + 2 * blurred, 0, 1)


@pytest.mark.parametrize(("side", "scales"), [(32, 2), (32, 1), (176, 5)])
def test_against_scipy(rng, side, scales):
    x = smooth(rng, (2, side, side, 2))
    y = np.clip(x + rng.normal(size=x.shape) * 0.1, 0, 1)
    expected = [by_scipy(a, b, scales) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(ms_ssim(x, y, scales, (0, 1)), expected, atol=1e-5)
    assert check_scales(x.shape) == {32: 2, 176: 5}[side]


def test_flat_bright_images_keep_their_precision(rng):
    x = 0.95 + 0.02 * rng.random((1, 32, 32, 1))
    y = 0.95 + 0.02 * rng.random((1, 32, 32, 1))
    np.testing.assert_allclose(ms_ssim(x, y, data_range=(0, 1)), by_scipy(x[0], y[0], 2), atol=1e-6)


def test_ranges_are_one(rng):
    bytes_ = rng.integers(0, 256, (2, 3, 16, 16, 3)).astype(np.uint8)
    value = ms_ssim(*bytes_)
    np.testing.assert_allclose(ms_ssim(*(bytes_ / 127.5 - 1)), value, atol=1e-6)
    np.testing.assert_allclose(ms_ssim(*(bytes_ / 255), data_range=(0, 1)), value, atol=1e-6)
    assert value.dtype == np.float32 and value.shape == (3,)


def test_equal_images_are_1_inverted_ones_0_and_order_of_the_pair_is_none(rng):
    x, y = rng.integers(0, 256, (2, 2, 24, 20, 3)).astype(np.uint8)
    np.testing.assert_allclose(ms_ssim(x, x), 1, atol=1e-6)
    np.testing.assert_array_equal(ms_ssim(x, 255 - x), 0)
    np.testing.assert_allclose(ms_ssim(x, y), ms_ssim(y, x), atol=1e-6)


def test_more_alike_is_more(rng):
    x = smooth(rng, (1, 32, 32, 3))
    noisy = [np.clip(x + s * rng.normal(size=x.shape), 0, 1) for s in (0.02, 0.1, 0.5)]
    values = [ms_ssim(x, y, data_range=(0, 1))[0] for y in noisy]
    assert values == sorted(values, reverse=True)


def test_batches_do_not_show(rng):
    x, y = rng.integers(0, 256, (2, 70, 11, 11, 1)).astype(np.uint8)
    whole = ms_ssim(x, y)
    assert whole.shape == (70,)
    np.testing.assert_allclose(whole[64:], ms_ssim(x[64:], y[64:]), atol=1e-6)
    np.testing.assert_allclose(whole[:3], ms_ssim(x[:3], y[:3]), atol=1e-6)


def test_scales_that_fit():
    sides = {11: 1, 20: 1, 21: 2, 32: 2, 41: 3, 64: 3, 81: 4, 160: 4, 161: 5, 1024: 5}
    assert {side: check_scales((1, side, side, 3)) for side in sides} == sides
    assert check_scales((1, 1024, 11, 3)) == 1


def test_bad_input_is_refused(rng):
    x = np.zeros((1, 16, 16, 3), np.uint8)
    with pytest.raises(ValueError, match="window of 11 pixels; images of 8 x 16"):
        ms_ssim(x[:, ::2], x[:, ::2])
    with pytest.raises(ValueError, match="room for 1 scale, not for 2"):
        ms_ssim(x, x, 2)
    with pytest.raises(ValueError, match="of one shape"):
        ms_ssim(x, x[:, 1:])
    with pytest.raises(ValueError, match=r"in \[-1, 1\]; these are in \[7.0, 7.0\]"):
        ms_ssim(x.astype(float), x.astype(float) + 7)
    with pytest.raises(ValueError, match="nan"):
        ms_ssim(x, x * np.nan)


def test_floats_of_an_unknown_range_are_refused():
    x = np.random.default_rng(0).random((2, 16, 16, 1)).astype(np.float32)
    with pytest.raises(ValueError, match="No pixel is below 0: is black 0 or -1"):
        ms_ssim(x, x)
    np.testing.assert_allclose(ms_ssim(x, x, data_range=(0, 1)), 1, atol=1e-6)
    assert ms_ssim(x, -x).shape == (2,)

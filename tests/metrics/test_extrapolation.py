import numpy as np
import pytest

from gan_jax.metrics.extrapolation import frechet_at_infinity, intercept
from gan_jax.metrics.frechet import Moments, frechet_distance


def test_a_line_without_noise_is_recovered():
    n = np.array([50, 100, 400, 1000])
    assert intercept(1 / n, 3 + 250 / n) == pytest.approx((3, 0), abs=1e-9)


def test_the_standard_error_is_that_of_least_squares(rng):
    x = rng.uniform(size=9)
    y = 2 - x + 0.1 * rng.normal(size=9)
    coefficients, covariance = np.polyfit(x, y, 1, cov=True)
    assert intercept(x, y) == pytest.approx((coefficients[1], np.sqrt(covariance[1, 1])))


def test_points(rng):
    real, fake = Moments.of(rng.normal(size=(100, 3))), rng.normal(size=(61, 3)) + 1
    estimate, points = frechet_at_infinity(real, fake, points=4, smallest=10, seed=2)
    assert [n for n, _ in points] == [10, 27, 44, 61]
    assert points[-1][1] == pytest.approx(frechet_distance(real, Moments.of(fake)))
    assert estimate == intercept([1 / n for n, _ in points], [d for _, d in points])
    assert frechet_at_infinity(real, fake, 4, 10, seed=2)[0] == estimate
    assert frechet_at_infinity(real, fake, 4, 10, seed=3)[0] != estimate


def test_the_bias_goes(rng):
    width = 16
    real = Moments(10**9, np.zeros(width), np.eye(width) * (10**9 - 1))  # a standard Gaussian, known exactly
    estimates, plain = [], []
    for _ in range(8):
        fake = rng.normal(size=(1000, width)) + 0.1
        estimate, points = frechet_at_infinity(real, fake, points=15, smallest=100)
        estimates.append(estimate.value)
        plain.append(points[-1][1])
    truth = width * 0.1**2
    assert np.mean(plain) > truth + 0.05
    assert np.mean(estimates) == pytest.approx(truth, abs=0.02)


def test_bad_input_is_refused(rng):
    real = Moments.of(rng.normal(size=(9, 2)))
    with pytest.raises(ValueError, match="at least 5,014 fake images, and there are 50"):
        frechet_at_infinity(real, np.zeros((50, 2)))
    with pytest.raises(ValueError, match="at least 3 points"):
        frechet_at_infinity(real, np.zeros((50, 2)), points=2, smallest=10)
    with pytest.raises(ValueError, match="one extractor"):
        frechet_at_infinity(real, np.ones((50, 3)), smallest=10)

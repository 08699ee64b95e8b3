import numpy as np
import pytest

from gan_jax.metrics.modes import mode_coverage, stacked_modes

CENTRES = np.array([[0.0, 0], [10, 0], [0, 10]])


def test_by_hand():
    points = np.array([[0, 0.2], [0.29, 0], [0, 0.31], [10, -0.1], [5, 5]])
    found = mode_coverage(points, CENTRES, 0.1)
    # All five: the first three at the first centre, one at the second; [5, 5] is as far from all, and goes to the first.
    kl = 0.8 * np.log(3 * 0.8) + 0.2 * np.log(3 * 0.2)
    assert found == pytest.approx({"modes": 2, "near": 3 / 5, "smallest": 0, "largest": 2 / 3, "reverse_kl": kl})
    assert mode_coverage(points, CENTRES, 0.1, deviations=1.0)["near"] == 0
    far = {"modes": 0, "near": 0, "smallest": 0, "largest": 0, "reverse_kl": np.log(3)}
    assert mode_coverage(points[4:], CENTRES, 0.1) == pytest.approx(far)


def test_of_the_mixture_itself(rng):
    points = CENTRES[rng.integers(0, 3, 20_000)] + 0.5 * rng.normal(size=(20_000, 2))
    found = mode_coverage(points, CENTRES, 0.5)
    assert found["near"] == pytest.approx(1 - np.exp(-4.5), abs=2e-3)  # of a Gaussian in the plane, within 3 deviations
    assert found["modes"] == 3 and found["smallest"] == pytest.approx(1 / 3, abs=0.02)
    assert 0 <= found["reverse_kl"] < 1e-3


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="positive standard deviation"):
        mode_coverage(CENTRES, CENTRES, 0)
    with pytest.raises(ValueError, match="have 2 numbers an image, and the fake ones 3"):
        mode_coverage(np.zeros((4, 3)), CENTRES, 1)


def test_stacked_modes_by_hand():
    """Of 10 x 10 combinations two, one three times as often."""
    found = stacked_modes(np.array([[0, 0], [9, 9], [0, 0], [0, 0]]), 10)
    assert found == pytest.approx({"modes": 2, "kl": 0.75 * np.log(75) + 0.25 * np.log(25)})
    every = np.stack(np.meshgrid(*[np.arange(10)] * 3), -1).reshape(-1, 3)
    assert stacked_modes(every, 10) == pytest.approx({"modes": 1000, "kl": 0}, abs=1e-12)


def test_kl_of_uniform_samples_is_about_what_chance_leaves(rng):
    found = stacked_modes(rng.integers(0, 10, (26_000, 3)), 10)
    assert found["modes"] == 1000 and found["kl"] == pytest.approx(999 / 52_000, rel=0.15)

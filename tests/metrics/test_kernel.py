import itertools

import numpy as np
import pytest

from gan_jax.metrics.kernel import kernel_distance, squared_mmd


def by_loops(x, y, degree=3, gamma=None, coef0=1):
    gamma = 1 / len(x[0]) if gamma is None else gamma
    k = lambda a, b: (gamma * sum(p * q for p, q in zip(a, b, strict=True)) + coef0) ** degree
    within = lambda z: np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j])
    return within(x) + within(y) - 2 * np.mean([k(a, b) for a in x for b in y])


def test_by_hand():
    # k(x, y) = (x y + 1)^3: x = {1, 2}: k = 27; y = {0, 1}: k = 1; between: 1, 8, 1, 27, of mean 9.25
    assert squared_mmd(np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])) == pytest.approx(27 + 1 - 2 * 9.25)


@pytest.mark.parametrize("kernel", [{}, {"degree": 2, "gamma": 0.3, "coef0": 0.5}])
def test_against_loops(rng, kernel):
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    assert squared_mmd(x, y, **kernel) == pytest.approx(by_loops(x, y, **kernel), rel=1e-12)


def test_the_whole_set_is_one_subset_and_order_does_not_matter(rng):
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 3)) + 1
    estimate = kernel_distance(x, y, subsets=3, subset_size=12)
    assert estimate.value == pytest.approx(by_loops(x, y), rel=1e-12)
    assert estimate.spread == pytest.approx(0, abs=1e-12)
    assert kernel_distance(x[::-1], rng.permutation(y), 1, 12).value == pytest.approx(estimate.value)


def test_mean_and_deviation_are_over_subsets(rng):
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(20, 4))
    estimate = kernel_distance(x, y, subsets=7, subset_size=6, seed=3, degree=2)
    draws = np.random.RandomState(3)
    values = [
        by_loops(x[draws.choice(30, 6, replace=False)], y[draws.choice(20, 6, replace=False)], degree=2)
        for _ in range(7)
    ]
    assert estimate.value == pytest.approx(np.mean(values)) and estimate.spread == pytest.approx(np.std(values))
    assert kernel_distance(x, y, 7, 6, seed=4) != kernel_distance(x, y, 7, 6, seed=3)


def test_unbiased(rng):
    points = rng.normal(size=(4, 2))  # all there is: the discrepancy of the set from itself is 0 exactly
    values = [squared_mmd(points[[a, b]], points[[c, d]]) for a, b, c, d in itertools.product(range(4), repeat=4)]
    assert np.mean(values) == pytest.approx(0, abs=1e-12) and min(values) < 0


def test_float32_features_lose_nothing(rng):
    x, y = rng.normal(size=(2, 50, 64)).astype(np.float32)
    assert squared_mmd(x, y) == squared_mmd(x.astype(float), y.astype(float))


def test_bad_input_is_refused():
    x = np.zeros((5, 2))
    with pytest.raises(ValueError, match="Subsets of 1,000 images.*real ones, and there are 5.*at most 5"):
        kernel_distance(x, x)
    with pytest.raises(ValueError, match="need as many fake ones, and there are 3"):
        kernel_distance(x, x[:3], subset_size=4)
    with pytest.raises(ValueError, match="at least 2 images, not 100 of 1"):
        kernel_distance(x, x, subset_size=1)
    with pytest.raises(ValueError, match="one extractor"):
        kernel_distance(x, np.zeros((5, 3)), subset_size=2)

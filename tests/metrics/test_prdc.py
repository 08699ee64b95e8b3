import tracemalloc

import numpy as np
import pytest

from gan_jax.metrics.prdc import improved_precision_recall, precision_recall_density_coverage


def by_loops(real, fake, k):
    distance = lambda a, b: np.sqrt(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)))
    radius = lambda points, i: sorted(distance(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]
    real_radii, fake_radii = ([radius(points, i) for i in range(len(points))] for points in (real, fake))
    hits = [[distance(r, f) < real_radii[i] for f in fake] for i, r in enumerate(real)]
    recalled = [any(distance(r, f) < fake_radii[j] for j, f in enumerate(fake)) for r in real]
    return {
        "precision": np.mean([any(hits[i][j] for i in range(len(real))) for j in range(len(fake))]),
        "recall": np.mean(recalled),
        "density": np.sum(hits) / k / len(fake),
        "coverage": np.mean([any(row) for row in hits]),
    }


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("chunk", [4, 100])
def test_against_loops(rng, k, chunk):
    real, fake = rng.normal(size=(19, 2)), rng.normal(size=(14, 2)) * 1.5 + 0.5
    expected = by_loops(real, fake, k)
    result = precision_recall_density_coverage(real, fake, k, chunk)
    assert list(result) == ["precision", "recall", "density", "coverage"]
    assert result == pytest.approx(expected)
    # Without ties the other kind's precision and recall are the same.
    assert improved_precision_recall(real, fake, k, chunk) == pytest.approx(
        {s: expected[s] for s in ("precision", "recall")}
    )


def test_by_hand_on_a_line():
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [2.5], [10.0]])
    result = precision_recall_density_coverage(real, fake, 1)
    # Real balls (radius): 0 (1), 1 (1), 3 (2). Fake balls: 0.5 (2), 2.5 (2), 10 (7.5).
    # 0.5 is in the first two, 2.5 in the third, 10 in none.
    assert result == pytest.approx({"precision": 2 / 3, "recall": 1, "density": 3 / 3, "coverage": 1})


def test_ties_are_outside_for_one_and_inside_for_the_other():
    real, fake = np.array([[0.0], [2.0]]), np.array([[4.0], [12.0]])  # 4 is on the surface of the ball around 2
    assert precision_recall_density_coverage(real, fake, 1)["precision"] == 0
    assert improved_precision_recall(real, fake, 1)["precision"] == 0.5


def test_what_the_scores_mean(rng):
    real = rng.normal(size=(300, 4))
    collapsed = np.repeat(real[:3], 100, 0) + 1e-3 * rng.normal(size=(300, 4))
    scores = precision_recall_density_coverage(real, collapsed)
    assert scores["precision"] == 1 and scores["recall"] < 0.1 and scores["coverage"] < 0.3
    same = precision_recall_density_coverage(real, rng.normal(size=(300, 4)))
    assert same["coverage"] > 0.85 and abs(same["density"] - 1) < 0.25
    far = precision_recall_density_coverage(real, real + 100)
    assert set(far.values()) == {0.0}


def test_order_does_not_matter(rng):
    real, fake = rng.normal(size=(2, 40, 3))
    assert precision_recall_density_coverage(rng.permutation(real), fake[::-1]) == pytest.approx(
        precision_recall_density_coverage(real, fake)
    )


@pytest.mark.parametrize("score", [precision_recall_density_coverage, improved_precision_recall])
def test_copies_count_alike_in_any_order(rng, score):
    """Sets of which many are copies of each other and of the other's: all ties, which rounding must not decide."""
    known = rng.normal(size=(40, 64)).astype(np.float32) + 3
    real, fake = known[rng.integers(0, 30, 300)], known[rng.integers(10, 40, 250)]
    found = [score(rng.permutation(real), rng.permutation(fake), 3, chunk) for chunk in (7, 64, 2048) for _ in range(3)]
    assert all(each == found[0] for each in found)


def test_copies_by_hand():
    """By exact integers: squares of distances of whole numbers have no rounding."""
    rng = np.random.default_rng(5)
    real, fake = rng.integers(0, 3, (60, 2)).astype(float), rng.integers(0, 4, (50, 2)).astype(float)
    squares = lambda a, b: np.square(a[:, None] - b[None]).sum(-1)
    radius = lambda x: np.sort(squares(x, x) + np.diag([np.inf] * len(x)), 1)[:, 2]
    between, r, f = squares(real, fake), radius(real)[:, None], radius(fake)[None]
    inside = between < r
    expected = {"precision": inside.any(0).mean(), "recall": (between < f).any(1).mean()}
    expected |= {"density": inside.sum() / 3 / 50, "coverage": inside.any(1).mean()}
    assert precision_recall_density_coverage(real, fake, 3, 16) == pytest.approx(expected)
    expected = {"precision": (between <= r).any(0).mean(), "recall": (between <= f).any(1).mean()}
    assert improved_precision_recall(real, fake, 3, 16) == pytest.approx(expected)


def test_memory_does_not_grow_with_the_product(rng):
    real, fake = rng.normal(size=(2, 3000, 8)).astype(np.float32)
    tracemalloc.start()
    precision_recall_density_coverage(real, fake, chunk=128)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 3000  # bytes: a byte for each pair would be more


@pytest.mark.parametrize("score", [precision_recall_density_coverage, improved_precision_recall])
def test_bad_input_is_refused(score):
    x = np.arange(10.0).reshape(5, 2)
    with pytest.raises(ValueError, match="at least 6 fake images, and there are 5"):
        score(np.arange(12.0).reshape(6, 2), x, 5)
    with pytest.raises(ValueError, match="one extractor"):
        score(x, np.zeros((5, 3)), 2)
    with pytest.raises(ValueError, match="real features hold NaN"):
        score(x * np.nan, x, 2)


@pytest.mark.slow
def test_gaussians_of_a_thousand_dimensions():
    # The values of the authors' package for their own example, arXiv:2002.09797.
    rng = np.random.default_rng(0)
    scores = precision_recall_density_coverage(*rng.normal(size=(2, 10_000, 1000)), k=5)
    # One draw against another: over seeds 0, 1 and 2 the standard deviations are 0.02, 0.01, 0.08 and 0.01.
    known = {"precision": (0.477, 0.06), "recall": (0.471, 0.03), "density": (1.056, 0.24), "coverage": (0.974, 0.03)}
    for name, (value, margin) in known.items():
        assert scores[name] == pytest.approx(value, abs=margin), name

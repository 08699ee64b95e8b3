"""Boundaries, projections and correlations by closed forms, by hand, and as the authors' code has them."""

import numpy as np
import pytest

from gan_jax.metrics.boundary import (
    Boundary,
    at_distances,
    attribute_boundary,
    correlations,
    distances,
    projected,
    require_both_kinds,
)

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(2000, 6))
NORMAL = np.array([2.0, -1.0, 0.0, 0.0, 1.0, 0.5])


def test_the_normal_of_a_linear_attribute_is_found():
    found = attribute_boundary(Z, Z @ NORMAL, share=0.1)
    assert found.normal @ NORMAL / np.linalg.norm(NORMAL) > 0.98
    np.testing.assert_allclose(np.linalg.norm(found.normal), 1)
    assert (found.trained, found.validated, found.left) == (280, 120, 1600)
    assert found.validation == 1.0 and found.by_zero > 0.98 > found.rest
    assert abs(found.offset) < 0.3
    against = attribute_boundary(Z, -(Z @ NORMAL), share=0.1)
    assert against.normal @ found.normal < -0.95


def test_an_attribute_of_no_direction_is_told_by_chance():
    found = attribute_boundary(Z, RNG.normal(size=2000), share=0.1)
    assert 0.3 < found.validation < 0.7 and 0.4 < found.by_zero < 0.6


def test_a_boundary_by_hand():
    """Of +-1 and +-3 on a line the ends are +-3: the plane is at 0, of which the middle two are on their own sides."""
    latents = np.array([[3.0], [1.0], [-1.0], [-3.0]])
    found = attribute_boundary(latents, [3, 1, -1, -3], share=0.25, trained=1.0)
    np.testing.assert_allclose([found.normal[0], found.offset], [1, 0], atol=1e-6)
    assert found.rest == 1.0 and np.isnan(found.validation)
    shifted = attribute_boundary(latents + 10, [3, 1, -1, -3], share=0.25, trained=1.0)
    np.testing.assert_allclose([shifted.normal[0], shifted.offset], [1, -10], atol=1e-5)
    # the middle of the largest and smallest score, 9, is above all of the rest
    lopsided = attribute_boundary(latents, [21, 1, -1, -3], share=0.25, trained=1.0)
    assert (lopsided.rest, lopsided.by_zero) == (0.5, 1.0)
    assert np.isnan(attribute_boundary(latents, [3, 1, -1, -3], share=0.25, zero=None, trained=1.0).by_zero)


def test_the_same_seed_fits_the_same():
    one, same, other = (attribute_boundary(Z, np.sin(Z @ NORMAL), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.normal, same.normal)
    assert np.abs(one.normal - other.normal).max() > 0


def authors_boundary(latents, scores, share, split, rng):
    """The published procedure in words of one's own: sort from the highest, shuffle both ends, fit, and look at the rest."""
    from sklearn import svm

    by_score = np.argsort(scores)[::-1]
    k = min(int(len(scores) * share), len(scores) // 2)
    top, bottom = latents[by_score[:k]], latents[by_score[-k:]]
    t = int(k * split)
    high, low = rng(k), rng(k)
    x = np.concatenate([top[high[:t]], bottom[low[:t]]])
    classifier = svm.SVC(kernel="linear").fit(x, [1] * t + [0] * t)
    middle = 0.5 * (scores.max() + scores.min())
    left = by_score[k:-k]
    right = classifier.predict(latents[left]) == (scores[left] >= middle)
    normal = classifier.coef_.reshape(1, -1).astype(np.float32)
    return normal / np.linalg.norm(normal), right.mean()


def test_with_all_of_both_ends_it_is_the_authors():
    """Where the whole of both ends is fitted no shuffle matters, and both are one computation."""
    scores = Z @ NORMAL + RNG.normal(size=2000)
    ours = attribute_boundary(Z, scores, share=0.05, trained=1.0)
    theirs, rest = authors_boundary(Z, scores, 0.05, 1.0, lambda n: np.arange(n))
    np.testing.assert_allclose(ours.normal, theirs[0], atol=2e-3)  # libsvm's own tolerance: rows stand in another order
    np.testing.assert_allclose(ours.rest, rest, atol=2e-3)


def test_projection_by_hand():
    """(1, 1, 0) less its part along x is (0, 1, 0); less its part along (3, 4, 0) / 5 it is along (4, -3, 0) / 5."""
    np.testing.assert_allclose(projected([1, 1, 0], [[2, 0, 0]]), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(projected([1, 1, 0], [[0.6, 0.8, 0]]), [0.8, -0.6, 0], atol=1e-12)
    np.testing.assert_allclose(projected([3, 4, 0], []), [0.6, 0.8, 0])
    with pytest.raises(ValueError, match="nothing of the direction is left"):
        projected([1, 1, 0], [[1, 0, 0], [0, 1, 0]])
    with pytest.raises(ValueError, match="of one size; got 3 and 2"):
        projected([1, 1, 0], [[1, 0]])


def test_projection_is_the_authors_for_one_two_and_more():
    unit = lambda n: n / np.linalg.norm(n)
    n, a, b, c = (unit(RNG.normal(size=8)) for _ in range(4))
    np.testing.assert_allclose(projected(n, [a]), unit(n - (n @ a) * a), atol=1e-12)
    ab, na, nb = a @ b, n @ a, n @ b
    alpha, beta = (na - nb * ab) / (1 - ab**2), (nb - na * ab) / (1 - ab**2)
    np.testing.assert_allclose(projected(n, [a, b]), unit(n - alpha * a - beta * b), atol=1e-10)
    rows = np.stack([a, b, c])
    wanted = unit(n - np.linalg.solve(rows @ rows.T, rows @ n) @ rows)
    np.testing.assert_allclose(projected(n, [a, b, c]), wanted, atol=1e-10)
    np.testing.assert_allclose(projected(n, [a, a]), projected(n, [a]), atol=1e-10)  # one of them twice
    np.testing.assert_allclose(rows @ projected(n, [a, b, c]), 0, atol=1e-12)


def test_edits_end_at_their_distance():
    plane = Boundary(np.array([0.6, 0.8]), -2.0, 1.0, 1.0, 1.0, 1, 1, 1)
    latents = np.array([[5.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(distances(latents, plane), [3, 0])
    np.testing.assert_allclose(distances(latents, plane, offset=True), [1, -2])
    moved = at_distances(latents, plane, [-3, 0, 3])  # [2, 3, 2]
    np.testing.assert_allclose(moved @ plane.normal, [[-3, 0, 3]] * 2, atol=1e-12)
    np.testing.assert_allclose(moved[0, 2], latents[0])
    np.testing.assert_allclose(at_distances(latents, plane, [0], offset=True)[:, 0] @ plane.normal, 2.0)


def test_correlations_by_hand():
    """Of (0, 0), (0, 1), (1, 1), (1, 1): p = 1/2, 3/4, both 1/2: (1/2 - 3/8) / sqrt(1/4 * 3/16) = 0.5774."""
    told = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 1]], bool)
    found = correlations(told)
    np.testing.assert_allclose(found[:2, :2], [[1, 3**-0.5], [3**-0.5, 1]])
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    with pytest.raises(ValueError, match="2 images or more"):
        correlations(told[:1])


@pytest.mark.parametrize(
    ("scores", "zero", "says"),
    [
        (np.arange(1, 9), 0.0, "these 8 are all with it"),
        (-np.arange(1, 9), 0.0, "these 8 are all without it"),
        (np.ones(8), None, "these 8 are all alike"),
    ],
)
def test_an_attribute_of_one_kind_is_refused(scores, zero, says):
    with pytest.raises(ValueError, match=says):
        require_both_kinds(scores, zero)
    with pytest.raises(ValueError, match=says):
        attribute_boundary(np.arange(16.0).reshape(8, 2), scores, share=0.25, zero=zero)


@pytest.mark.parametrize(
    ("latents", "scores", "changes", "says"),
    [
        (Z, Z[:3, 0], {}, "latents are"),
        (Z[:, 0], Z[:, 0], {}, "latents are"),
        (Z[:40], Z[:40, 0], {}, "0.02 of 40 latents are 0 at either end"),
        (Z, Z[:, 0], {"share": 0.6}, "a share of the ends"),
        (Z, Z[:, 0] * np.nan, {}, "finite"),
        (np.ones((100, 2)), Z[:100, 0], {"share": 0.1}, "no hyperplane"),
    ],
)
def test_what_makes_no_boundary_is_refused(latents, scores, changes, says):
    with pytest.raises(ValueError, match=says):
        attribute_boundary(latents, scores, **changes)

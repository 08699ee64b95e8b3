import numpy as np
import pytest

from gan_jax.metrics.attributes import attribute_accuracies, attribute_shares, unsure_shares

LOGITS = np.array([[4.0, -0.1], [-4, -5], [0.5, 3], [3, -2.5]])


def test_accuracies_by_hand():
    attributes = np.array([[1, 1], [0, 0], [0, 1], [1, 0]], bool)
    np.testing.assert_array_equal(attribute_accuracies(LOGITS, attributes), [0.75, 0.75])
    np.testing.assert_array_equal(attribute_accuracies(LOGITS, LOGITS > 0), [1, 1])


def test_shares_and_their_error_are_those_of_counting():
    shares, errors = attribute_shares(LOGITS)
    np.testing.assert_allclose(shares, [0.75, 0.25])
    np.testing.assert_allclose(errors, np.sqrt(0.75 * 0.25 / 4))


def test_errors_are_the_spread_over_sets_of_images(rng):
    """Sets of 400 images, each image with probability 0.3: their shares differ by as much as the error says."""
    found = [attribute_shares(np.where(rng.random((400, 1)) < 0.3, 1.0, -1.0)) for _ in range(500)]
    assert np.std([share[0] for share, _ in found]) == pytest.approx(found[0][1][0], rel=0.15)


def test_unsure_is_between_the_two_probabilities():
    np.testing.assert_allclose(unsure_shares(LOGITS), [0.25, 0.25])  # |logit| < log 9 = 2.197
    np.testing.assert_allclose(unsure_shares(LOGITS, 0.95), [0.25, 0.5])  # < 2.944
    np.testing.assert_allclose(unsure_shares(LOGITS, 0.5), [0, 0])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"must be bool \[4, 2\], not bool \[4\]"):
        attribute_accuracies(LOGITS, np.ones(4, bool))
    with pytest.raises(ValueError, match="must be bool"):
        attribute_accuracies(LOGITS, np.ones((4, 2)))
    with pytest.raises(ValueError, match="from a probability of 0.5"):
        unsure_shares(LOGITS, 1.0)
    with pytest.raises(ValueError, match="NaN"):
        attribute_shares(LOGITS * np.nan)

"""Path length and separability by numbers worked out by hand."""

import numpy as np
import pytest

from gan_jax.metrics.perceptual_path import path_length
from gan_jax.metrics.separability import attribute_entropy, conditional_entropy


def test_the_shortest_and_longest_steps_are_left_out():
    """Of 0 .. 200 the 1st percentile is 2 and the 99th 198: 197 are kept, of mean 100."""
    lengths = np.random.default_rng(0).permutation(201)
    estimate, kept = path_length(lengths)
    assert (estimate.value, kept) == (100.0, 197)
    np.testing.assert_allclose(estimate.spread, np.std(np.arange(2, 199), ddof=1) / np.sqrt(197))


def test_percentiles_are_lengths_that_occur():
    """Of 4 numbers the 1st percentile from below is the first, the 99th from above the last: all are kept."""
    assert path_length([4.0, 1.0, 2.0, 9.0])[0].value == 4.0
    assert path_length([4.0, 1.0, 2.0, 9.0], 34, 66) == path_length([2.0, 4.0], 0, 100)


@pytest.mark.parametrize("lengths", [[1.0], [[1.0, 2.0]], [1.0, float("nan")], [1.0, -1.0]])
def test_lengths_that_make_no_sense_are_refused(lengths):
    with pytest.raises(ValueError, match="length"):
        path_length(lengths)


def test_entropy_of_what_is_left_to_learn():
    """3 of 4 right on one side (0.8113 bits), all right on the other: half of that. By the definition, in natural words."""
    known = [False] * 4 + [True] * 4
    unknown = [False, False, False, True] + [True] * 4
    np.testing.assert_allclose(conditional_entropy(known, unknown), 0.5 * 0.811278, rtol=1e-5)
    assert conditional_entropy(known, known) == 0
    assert conditional_entropy(known, np.logical_not(known)) == 0
    np.testing.assert_allclose(conditional_entropy([0, 0, 1, 1], [0, 1, 0, 1]), 1.0)
    with pytest.raises(ValueError, match="one length"):
        conditional_entropy([True], [True, False])


def test_a_plane_tells_what_is_linear_and_not_what_is_round():
    z = np.random.default_rng(0).normal(size=(400, 3))
    linear, round_ = z @ [2.0, -1.0, 0.5], np.sum(z**2, 1) - 2.3
    assert attribute_entropy(z, linear) < 0.05
    assert attribute_entropy(z, round_) > 0.7
    assert attribute_entropy(z, np.abs(linear)) == 0  # all of one answer
    sure = np.where(np.arange(400) < 200, 10.0, 0.1) * np.sign(linear)
    sure[200:] *= np.sign(np.random.default_rng(1).normal(size=200))  # what is unsure is guessed
    assert attribute_entropy(z, sure, 0.5) < 0.2 < 0.4 < attribute_entropy(z, sure, 1.0)
    with pytest.raises(ValueError, match="logits"):
        attribute_entropy(z, linear[:3])

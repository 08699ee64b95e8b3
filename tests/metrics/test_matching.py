import numpy as np
import pytest

from gan_jax.metrics.matching import best_matching


def test_by_hand():
    """Value 0 is mostly class 2, value 1 class 0; value 2 is class 2 too, which is taken, and class 1 is what is left."""
    values = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    classes = np.array([2, 2, 2, 0, 1, 2, 2, 1])
    share, matched = best_matching(values, classes, 3, 3)
    assert share == 5 / 8 and matched.tolist() == [2, 0, 1]


def test_values_beyond_the_classes_have_none_and_names_do_not_matter(rng):
    values = rng.integers(0, 4, 200)
    share, matched = best_matching(values, np.minimum(values, 2)[::1], 4, 3)
    assert sorted(matched.tolist()) == [-1, 0, 1, 2]
    order = rng.permutation(4)
    assert best_matching(values, order[values], 4, 4)[0] == 1.0
    assert share == pytest.approx(np.mean(values < 2) + max(np.mean(values == 2), np.mean(values == 3)))


def test_nothing_to_match_is_refused():
    with pytest.raises(ValueError, match="1 or more"):
        best_matching([], [], 2, 2)

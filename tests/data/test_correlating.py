"""Elements are picked so that two attributes correlate as asked, and nothing else changes."""

import numpy as np
import pytest

from gan_jax.data.correlating import correlated_indices
from gan_jax.data.sources.faces import Faces


def correlation(a, b):
    return np.corrcoef(np.asarray(a, float), np.asarray(b, float))[0, 1]


def test_by_hand():
    """Of 4 x 100, p = q = 1/2: at 0.5 the shares are 3/8, 1/8, 1/8, 3/8, so that 100 of the like and 33 of the others stay."""
    first, second = np.repeat([True, True, False, False], 100), np.tile(np.repeat([True, False], 100), 2)
    kept = correlated_indices(first, second, 0.5)
    counts = [np.sum((first[kept] == a) & (second[kept] == b)) for a in (True, False) for b in (True, False)]
    assert counts == [100, 33, 33, 100]
    assert correlation(first[kept], second[kept]) == pytest.approx(0.5, abs=0.01)
    assert np.all(np.diff(kept) > 0)
    np.testing.assert_array_equal(kept, correlated_indices(first, second, 0.5))
    assert np.any(kept != correlated_indices(first, second, 0.5, seed=1))
    against = correlated_indices(first, second, -0.5)
    assert correlation(first[against], second[against]) == pytest.approx(-0.5, abs=0.01)


def test_uneven_shares_are_kept():
    rng = np.random.default_rng(0)
    first, second = rng.random(20_000) < 0.3, rng.random(20_000) < 0.6
    kept = correlated_indices(first, second, 0.4)
    assert correlation(first[kept], second[kept]) == pytest.approx(0.4, abs=0.002)
    assert (first[kept].mean(), second[kept].mean()) == pytest.approx((first.mean(), second.mean()), abs=1e-3)


@pytest.mark.parametrize(
    ("first", "second", "number", "says"),
    [
        ([True] * 4, [True, False] * 2, 0.1, "some elements have and others have not"),
        ([True, False], [True], 0.1, "of the same elements"),
        ([True, False], [True, False], 1.0, "above -1 and below 1"),
        (
            [True] + [False] * 9,
            [True] * 5 + [False] * 5,
            0.9,
            "10% and 50% of the elements correlate from -0.33 to 0.33",
        ),
    ],
)
def test_what_cannot_be_planted_is_refused(first, second, number, says):
    with pytest.raises(ValueError, match=says):
        correlated_indices(first, second, number)


def test_faces_with_glasses_and_beards_that_hang_together():
    plain, planted = Faces("train", 32), Faces("train", 32, correlated=("glasses", "beard", 0.4))
    columns = {name: k for k, name in enumerate(planted.attribute_names)}
    table = planted.attribute_table()
    assert 3000 < len(planted) == len(table) < len(plain)
    assert correlation(table[:, columns["glasses"]], table[:, columns["beard"]]) == pytest.approx(0.4, abs=0.005)
    assert abs(correlation(table[:, columns["glasses"]], table[:, columns["smiling"]])) < 0.06
    assert "correlated=('glasses', 'beard', 0.4)" in repr(planted) and "correlated" not in repr(plain)
    masks = planted.part_masks(np.arange(20))[:, 2].any((1, 2))  # of glasses
    np.testing.assert_array_equal(masks, table[:20, columns["glasses"]])
    for correlated, says in (
        (("glasses", "beard"), "two attributes and a number"),
        (("glasses", "hat", 0.4), "attribute 'hat' is not known"),
        (("glasses", "glasses", 0.4), "correlates with itself"),
    ):
        with pytest.raises(ValueError, match=says):
            Faces("train", 32, correlated=correlated)

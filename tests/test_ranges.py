"""What numbers may be."""

import math

import numpy as np
import pytest

from gan_jax import ranges
from gan_jax.types import ByImages

SENSELESS = (math.nan, math.inf, -math.inf, 1e30, "0.5", None, True, (1,))


@pytest.mark.parametrize(
    "fits, right, wrong",
    [
        (ranges.positive, (1e-9, 3, np.float32(0.5)), (0, -1)),
        (ranges.not_negative, (0, 0.0, np.int64(3)), (-1e-9,)),
        (ranges.decay, (0, 0.999), (1, -0.1)),
        (ranges.finite, (-3.5, 0, 7), ()),
        (lambda name, value: ranges.within(name, value, 0.5, 2), (0.5, 2), (0.4, 2.1)),
        (ranges.weight, (0, 10.0, lambda round: 1.0, ByImages(lambda kimg: 1.0)), (-1,)),
        (lambda name, value: ranges.weight(name, value, 1), (0, 1, lambda round: 1.0), (1.5, -1)),
        (ranges.whole, (1, np.int32(3)), (0, 1.0, 1.5, 2**31)),
        (lambda name, value: ranges.whole(name, value, 0, 5), (0, 5), (-1, 6)),
        (ranges.wholes, ((), (1, 2), [3]), ((0,), (1, 1.5), "12")),
    ],
)
def test_what_fits_passes_and_the_rest_is_named(fits, right, wrong):
    for value in right:
        fits("key", value)
    for value in (*wrong, *(each for each in SENSELESS if each != (1,) or fits is not ranges.wholes)):
        with pytest.raises(ValueError, match="^key"):
            fits("key", value)


def test_the_sentence_says_what_came():
    with pytest.raises(ValueError, match="b1 must be from 0 to below 1, got nan"):
        ranges.decay("b1", math.nan)
    with pytest.raises(ValueError, match=r"rate must be 0 or more and at most 1e\+09, got 1e\+30"):
        ranges.weight("rate", 1e30)
    with pytest.raises(ValueError, match=r"widths\[1\] must be a whole number from 1 on, got -4"):
        ranges.wholes("widths", (4, -4))

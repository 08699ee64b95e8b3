import numpy as np
import pytest

from gan_jax.metrics.overlap import intersection_over_union


def test_by_hand():
    """Three pixels in the first mask, two of them in the second, which has one more: 2 of 4. Counted over both images."""
    masks, truth = np.zeros((2, 2, 2, 3), bool), np.zeros((2, 2, 2, 3), bool)
    masks[0, 0, :, 0] = masks[1, 1, 1, 0] = True
    truth[0, 0, :, 0] = truth[1, 0, 0, 0] = True
    truth[0, 0, 0, 1] = True
    np.testing.assert_array_equal(intersection_over_union(masks, truth), [2 / 4, 0.0, np.nan])


@pytest.mark.parametrize("other", [np.zeros((2, 4, 4, 2), bool), np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 3), bool)])
def test_what_is_no_pair_of_masks_is_refused(other):
    with pytest.raises(ValueError, match=r"bool \[n, H, W, K\], both of one shape; got bool \[2, 4, 4, 3\] and"):
        intersection_over_union(np.zeros((2, 4, 4, 3), bool), other)

import numpy as np
import pytest
import scipy.spatial.distance

from gan_jax.metrics.neighbors import kth_neighbor_radii, nearest


@pytest.mark.parametrize("chunk", [1, 4, 7, 100])
@pytest.mark.parametrize("k", [1, 3, 12])
def test_against_scipy(rng, chunk, k):
    x, y = rng.normal(size=(13, 3)), rng.normal(size=(17, 3))
    own = np.sort(scipy.spatial.distance.cdist(x, x), 1)
    np.testing.assert_allclose(kth_neighbor_radii(x, k, chunk), own[:, k], rtol=1e-9)
    between = scipy.spatial.distance.cdist(x, y)
    distances, indices = nearest(x, y, k, chunk)
    np.testing.assert_array_equal(indices, np.argsort(between, 1)[:, :k])
    np.testing.assert_allclose(distances, np.sort(between, 1)[:, :k], rtol=1e-9)


@pytest.mark.parametrize("chunk", [2, 100])
def test_on_a_line(chunk):
    x = np.array([[0.0], [1], [3], [7]])
    np.testing.assert_allclose(kth_neighbor_radii(x, 1, chunk), [1, 1, 2, 4])
    np.testing.assert_allclose(kth_neighbor_radii(x, 2, chunk), [3, 2, 3, 6])
    distances, indices = nearest(np.array([[2.0], [6]]), x, 2, chunk)
    assert indices.tolist() == [[1, 2], [3, 2]]  # of two at distance 1 the first
    np.testing.assert_allclose(distances, [[1, 1], [1, 3]])


def test_copies_are_neighbours_at_distance_0():
    x = np.array([[5.0, 1], [5, 1], [9, 9]], np.float32)
    np.testing.assert_allclose(kth_neighbor_radii(x, 1)[:2], 0, atol=1e-6)
    assert nearest(x, x)[1].tolist() == [[0], [0], [2]]


def test_copies_far_from_zero_too(rng):
    x = np.repeat(rng.normal(size=(30, 100)).astype(np.float32) + 50, 3, 0)[rng.permutation(90)]
    distances, indices = nearest(x, x, 3, 16)
    assert not distances.any() and (np.diff(indices) > 0).all()
    assert not kth_neighbor_radii(x, 2, 16).any() and kth_neighbor_radii(x, 3, 16).all()


def test_far_from_zero_distances_keep_their_precision(rng):
    x = rng.normal(size=(20, 4))
    np.testing.assert_allclose(kth_neighbor_radii(x + 1e5, 2), kth_neighbor_radii(x, 2), rtol=1e-7)


def test_bad_input_is_refused():
    x = np.zeros((5, 2))
    with pytest.raises(ValueError, match="at least 6 given images, and there are 5"):
        kth_neighbor_radii(x, 5)
    with pytest.raises(ValueError, match="at least 6 reference images"):
        nearest(x, x, 6)
    for wrong in (lambda: kth_neighbor_radii(x, 0), lambda: nearest(x, x, 0)):
        with pytest.raises(ValueError, match="no k = 0"):
            wrong()
    with pytest.raises(ValueError, match="one extractor"):
        nearest(x, np.zeros((5, 3)))
    with pytest.raises(ValueError, match="at least 1 image"):
        nearest(x, x, 1, 0)

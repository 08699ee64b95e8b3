import numpy as np
import pytest
import scipy.linalg

from gan_jax.metrics.frechet import Moments, frechet_distance, intra_class_frechet_distance


def with_covariance(covariance, mean=0.0):
    """Moments of 11 images with exactly this covariance."""
    covariance = np.asarray(covariance, float)
    return Moments(11, np.full(len(covariance), mean), covariance * 10)


def test_moments_are_numpys(rng):
    x = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)) + 3
    moments = Moments.of(x)
    assert moments.n == 50
    np.testing.assert_allclose(moments.mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance(), np.cov(x, rowvar=False), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sizes", [(1, 1, 48), (17, 33), (50,)])
def test_batches_and_merging_give_what_all_at_once_gives(rng, sizes):
    x = rng.normal(size=(50, 6)).astype(np.float32)
    batches = np.split(x, np.cumsum(sizes)[:-1])
    updated, merged = Moments.empty(6), Moments.empty(6)
    for batch in batches:
        updated, merged = updated.update(batch), Moments.of(batch).merge(merged)
    for moments in (updated, merged):
        assert moments.n == 50 and moments.scatter.dtype == np.float64
        np.testing.assert_allclose(moments.mean, x.mean(0, dtype=np.float64), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(moments.covariance(), np.cov(x.astype(float), rowvar=False), rtol=1e-10, atol=1e-12)
    assert Moments.empty(6).merge(Moments.empty(6)).n == 0


def test_small_variances_far_from_zero_survive(rng):
    x = rng.normal(size=(1000, 2))
    moments = Moments.empty(2)
    for batch in np.split(x + 1e6, 10):
        moments = moments.update(batch)
    np.testing.assert_allclose(moments.covariance(), np.cov(x, rowvar=False), rtol=1e-6, atol=1e-7)


def test_gaussians_of_diagonal_covariances():
    a, b = with_covariance(np.diag([1, 4, 9])), with_covariance(np.diag([4, 4, 1]), 2.0)
    assert frechet_distance(a, b) == pytest.approx(3 * 2**2 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-7)


def test_covariances_that_do_not_commute(rng):
    a, b = (np.cov(rng.normal(size=(9, 40))) for _ in range(2))
    expected = np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)
    assert frechet_distance(with_covariance(a), with_covariance(b)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("ranks", [(64, 20), (20, 64), (20, 20), (64, 1)])
@pytest.mark.parametrize("spectrum", ["power", "exponential"])
def test_singular_covariances_that_commute(rng, ranks, spectrum):
    # With common axes the distance is known: the sum of (sqrt(a) - sqrt(b))^2.
    axes = np.linalg.qr(rng.normal(size=(64, 64)))[0]
    place = np.arange(64)
    values = 1 / (1.0 + place) ** 2 if spectrum == "power" else np.exp(-place / 2)  # down to 2e-14
    a, b = (np.where(place < rank, values * rng.uniform(0.5, 1.5, 64), 0) for rank in ranks)
    of = lambda d: with_covariance((axes * d) @ axes.T)
    expected = np.square(np.sqrt(a) - np.sqrt(b)).sum()
    assert frechet_distance(of(a), of(b)) == pytest.approx(expected, rel=1e-9)


def test_symmetric_and_blind_to_order_and_rotation(rng):
    real, fake = rng.normal(size=(30, 12)), rng.normal(size=(9, 12)) * 2 + 1
    distance = frechet_distance(Moments.of(real), Moments.of(fake))
    assert frechet_distance(Moments.of(fake), Moments.of(real)) == pytest.approx(distance, rel=1e-9)
    assert frechet_distance(Moments.of(real[::-1]), Moments.of(rng.permutation(fake))) == pytest.approx(distance)
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    assert frechet_distance(Moments.of(real @ turn), Moments.of(fake @ turn)) == pytest.approx(distance)


def test_constant_features_count_by_their_mean():
    assert frechet_distance(with_covariance(np.zeros((3, 3))), with_covariance(np.eye(3), 1.0)) == pytest.approx(6)


def test_intra_class(rng):
    real, fake = rng.normal(size=(40, 3)), rng.normal(size=(30, 3))
    real_labels, fake_labels = np.arange(40) % 2 * 5, np.arange(30) % 2 * 5
    estimate, by_class = intra_class_frechet_distance(real, real_labels, fake, fake_labels)
    expected = [frechet_distance(Moments.of(real[i::2]), Moments.of(fake[i::2])) for i in (0, 1)]
    assert list(by_class) == [0, 5]
    np.testing.assert_allclose(list(by_class.values()), expected)
    assert estimate.value == pytest.approx(np.mean(expected)) and estimate.spread == pytest.approx(np.std(expected))


def test_intra_class_sees_what_the_whole_does_not(rng):
    real = np.concatenate([rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 9])
    labels = np.repeat([0, 1], 50)
    swapped, _ = intra_class_frechet_distance(real, labels, real, 1 - labels)
    right, _ = intra_class_frechet_distance(real, labels, real, labels)
    assert swapped.value > 100 and right.value == pytest.approx(0, abs=1e-6)


def test_bad_input_is_refused():
    moments = Moments.empty(3)
    with pytest.raises(ValueError, match="at least 2 images, and there are 1"):
        moments.update(np.zeros((1, 3))).covariance()
    with pytest.raises(ValueError, match="of 3 features an image, not 4"):
        moments.update(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="of 3 and of 4"):
        moments.merge(Moments.empty(4))
    with pytest.raises(ValueError, match="one extractor"):
        frechet_distance(with_covariance(np.eye(3)), with_covariance(np.eye(4)))
    with pytest.raises(ValueError, match=r"The fake features hold NaN.*image 2\."):
        Moments.of(np.zeros((2, 3))).update(np.full((1, 3), np.nan), "fake")
    with pytest.raises(ValueError, match="class 1 has 0 and 2"):
        intra_class_frechet_distance(np.zeros((4, 2)), [0, 0, 0, 0], np.zeros((4, 2)), [0, 0, 1, 1])

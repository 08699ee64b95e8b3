import numpy as np
import pytest
import scipy.ndimage
from sklearn.datasets import load_digits

from gan_jax.metrics import sliced_wasserstein as swd
from gan_jax.metrics.sliced_wasserstein import descriptors, sliced_wasserstein_distance, wasserstein

WINDOW = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256


def by_hand(real, fake, patches, projections, seed):
    """Images of 32 pixels, in float64, patch by patch."""
    result = {}
    for level, side in enumerate((32, 16)):
        draws, cut = np.random.RandomState([seed, level]), []
        rows, columns = (draws.randint(side - 6, size=(len(real), patches)) for _ in range(2))
        for images in (real, fake):
            small = scipy.ndimage.convolve(images.astype(float), WINDOW, mode="mirror")[:, ::2, ::2]
            apart = np.zeros(images.shape)
            apart[:, ::2, ::2] = small
            detail = images - scipy.ndimage.convolve(apart, 4 * WINDOW, mode="mirror") if side == 32 else small
            places = [(i, r, c) for i in range(len(real)) for r, c in zip(rows[i], columns[i], strict=True)]
            cuts = np.stack([detail[i, r : r + 7, c : c + 7] for i, r, c in places])
            cuts = (cuts - cuts.mean((0, 1, 2))) / cuts.std((0, 1, 2))
            cut.append(cuts.reshape(len(cuts), -1))
        distances = []
        for direction in draws.normal(size=(projections, cut[0].shape[1])):
            a, b = (np.sort(c @ direction / np.linalg.norm(direction)) for c in cut)
            distances.append(np.abs(a - b).mean())
        result[side] = 1000 * np.mean(distances)
    return {**result, "mean": np.mean(list(result.values()))}


@pytest.fixture
def sets(rng):
    blurred = scipy.ndimage.gaussian_filter(rng.normal(size=(80, 32, 32, 3)), (0, 1.5, 1.5, 0))
    images = np.clip(127 + 300 * blurred, 0, 255).astype(np.uint8)
    return images[:40], images[40:]


def test_against_a_plain_one(sets, monkeypatch):
    monkeypatch.setattr(swd, "_IMAGES_AT_ONCE", 3)
    monkeypatch.setattr(swd, "_NUMBERS_AT_ONCE", 150)
    real, fake = sets[0][:7], 255 - sets[1][:7] // 2
    result = sliced_wasserstein_distance(real, fake, patches=5, repeats=2, projections=6, seed=3)
    expected = by_hand(real, fake, 5, 12, 3)
    assert list(result) == [32, 16, "mean"]
    assert result == pytest.approx(expected, rel=1e-4)


def test_a_set_is_at_0_from_itself(sets):
    assert set(sliced_wasserstein_distance(sets[0], sets[0], 8, 1, 16).values()) == {0.0}


def test_other_digits_are_nearer_than_blurred_ones_and_noise():
    digits = np.kron(load_digits().images[:600, :, :, None], np.full((1, 4, 4, 1), 15)).astype(np.uint8)
    real, other = digits[::2], digits[1::2]
    blurred = scipy.ndimage.gaussian_filter(other, (0, 2, 2, 0))
    noise = np.random.default_rng(0).integers(0, 256, other.shape).astype(np.uint8)
    near, far, farthest = (sliced_wasserstein_distance(real, x, 16, 1, 32) for x in (other, blurred, noise))
    for scale in near:
        assert 1.5 * near[scale] < min(far[scale], farthest[scale])


def test_wasserstein_of_a_shift_is_its_mean_projection(rng):
    a = rng.normal(size=(100, 4)).astype(np.float32)
    shift = np.array([3, 0, 0, 0], np.float32)
    directions = np.random.RandomState(0).normal(size=(50, 4))
    expected = 3 * np.mean(np.abs(directions[:, 0]) / np.linalg.norm(directions, axis=1))
    assert wasserstein(a, a + shift, 50, np.random.RandomState(0)) == pytest.approx(expected, rel=1e-5)
    near, far = (wasserstein(a, a + s * shift, 50, np.random.RandomState(0)) for s in (0.5, 2))
    assert near == pytest.approx(expected / 2, rel=1e-5) and far == pytest.approx(expected * 2, rel=1e-5)


def test_wasserstein_of_one_dimension_and_order(rng):
    a, b = np.array([[0.0], [1], [5]], np.float32), np.array([[6.0], [0], [3]], np.float32)
    assert wasserstein(a, b, 3, np.random.RandomState(0)) == pytest.approx((0 + 2 + 1) / 3)
    assert wasserstein(a[::-1], b, 3, np.random.RandomState(0)) == pytest.approx(1)


def test_descriptors_are_normalised_by_channel(sets):
    rows, columns = np.random.RandomState(0).randint(20, size=(2, 40, 9))
    out = descriptors(sets[0] // [[[[1, 2, 4]]]], rows, columns, 0, True).reshape(-1, 7, 7, 3)
    np.testing.assert_allclose(out.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std((0, 1, 2), dtype=np.float64), 1, rtol=1e-5)
    flat = descriptors(np.full((40, 32, 32, 1), 9, np.uint8), rows, columns, 0, True)
    assert not flat.any()


def test_the_scale_of_floats_does_not_matter(sets):
    real, fake = sets
    whole = sliced_wasserstein_distance(real, fake, 4, 1, 8)
    assert sliced_wasserstein_distance(real / 127.5 - 1, fake / 127.5 - 1, 4, 1, 8) == pytest.approx(whole, rel=1e-3)
    assert sliced_wasserstein_distance(real, fake, 4, 1, 8, seed=1) != pytest.approx(whole, rel=1e-3)


def test_images_of_16_pixels_have_one_level(sets):
    result = sliced_wasserstein_distance(sets[0][:, ::2, ::2], sets[1][:, ::2, ::2], 4, 1, 8)
    assert list(result) == [16, "mean"] and result[16] == result["mean"]


def test_bad_input_is_refused(sets):
    real, fake = sets
    with pytest.raises(ValueError, match="got 40 real and 39 fake. Take 39 of each"):
        sliced_wasserstein_distance(real, fake[1:])
    with pytest.raises(ValueError, match="of one size"):
        sliced_wasserstein_distance(real, fake[..., :1])
    with pytest.raises(ValueError, match="images of 6 x 32 are smaller"):
        sliced_wasserstein_distance(real[:, :6], fake[:, :6])
    with pytest.raises(ValueError, match=r"must be \[n, H, W, C\]"):
        sliced_wasserstein_distance(real[..., 0], fake[..., 0])
    with pytest.raises(ValueError, match="at least 1 patch"):
        sliced_wasserstein_distance(real, fake, patches=0)
    bad = fake.astype(np.float32)
    bad[5, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="fake images hold NaN.*first image 5"):
        sliced_wasserstein_distance(real, bad)

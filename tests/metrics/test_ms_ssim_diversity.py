import itertools

import numpy as np
import pytest

from gan_jax.metrics.ms_ssim import ms_ssim
from gan_jax.metrics.ms_ssim_diversity import pairwise_ms_ssim, within_class_ms_ssim


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (12, 16, 16, 1)).astype(np.uint8)


def test_a_set_of_two_has_one_pair(images):
    estimate = pairwise_ms_ssim(images[:2], 20)
    assert estimate.value == pytest.approx(ms_ssim(images[:1], images[1:2])[0], abs=1e-6)
    assert estimate.spread == pytest.approx(0, abs=1e-6)


def test_pairs_are_of_different_images_and_all_can_come(images):
    images[:] = images[:1]
    images[5] = 255 - images[5]
    alike = pairwise_ms_ssim(images, 3000, seed=1)
    share = 11 / (12 * 11 / 2)  # of pairs that hold the inverted one, and count 0
    assert alike.value == pytest.approx(1 - share, abs=0.03)
    assert pairwise_ms_ssim(images, 300, seed=1) == pairwise_ms_ssim(images, 300, seed=1)
    assert pairwise_ms_ssim(images, 300, seed=2) != pairwise_ms_ssim(images, 300, seed=1)


def test_the_mean_over_pairs(images):
    pairs = list(itertools.combinations(range(12), 2))
    every = ms_ssim(images[[a for a, _ in pairs]], images[[b for _, b in pairs]])
    estimate = pairwise_ms_ssim(images, 2000)
    assert estimate.value == pytest.approx(every.mean(), abs=4 * every.std() / np.sqrt(2000))
    assert estimate.spread == pytest.approx(every.std(), rel=0.1)


def test_within_classes(images):
    labels = np.arange(12) % 3 * 10
    images[labels == 10] = images[1]  # a generator that has collapsed on this class
    estimate, by_class = within_class_ms_ssim(images, labels, pairs=50)
    assert list(by_class) == [0, 10, 20]
    assert by_class[10] == pytest.approx(1, abs=1e-6) and max(by_class[0], by_class[20]) < 0.5
    assert estimate.value == pytest.approx(np.mean(list(by_class.values())))
    assert estimate.spread == pytest.approx(np.std(list(by_class.values())))
    fewer, _ = within_class_ms_ssim(images[labels != 20], labels[labels != 20], pairs=50)
    assert fewer.value == pytest.approx((by_class[0] + by_class[10]) / 2)  # a class's pairs are its own


def test_bad_input_is_refused(images):
    with pytest.raises(ValueError, match="class 4 has 1"):
        within_class_ms_ssim(images[:3], [0, 0, 4])
    with pytest.raises(ValueError, match="at least 2 images, and there are 1"):
        pairwise_ms_ssim(images[:1])
    with pytest.raises(ValueError, match="at least 1 pair"):
        pairwise_ms_ssim(images, 0)
    with pytest.raises(ValueError, match="labels must be 12 integers"):
        within_class_ms_ssim(images, [0, 0])

"""Units that spoil images, found by marks and by rules."""

import numpy as np
import pytest

from gan_jax.analysis.dissection.artefacts import distance_to_nearest, marks, unit_oddness


def test_the_unit_of_the_marked_images_is_found():
    rng = np.random.default_rng(0)
    peaks = rng.normal(size=(200, 6))
    bad = rng.choice(200, 12, replace=False)
    peaks[bad, 4] += 5  # the spoiler is on where images are bad
    peaks[:, 5] = 1.0  # always the same
    z = unit_oddness(peaks, marks(list(bad), 200))
    assert z.argmax() == 4 and z[4] > 10 and np.abs(np.delete(z, 4)).max() < 4 and z[5] == 0


def test_oddness_by_hand():
    peaks = np.asarray([[4.0, 0], [3, 1], [2, 2], [1, 3]])
    odd = np.asarray([1.0, 0, 0, 0])
    # share 0.25: one image stands for a unit. Mean 1/4, deviation sqrt(3)/4
    np.testing.assert_allclose(unit_oddness(peaks, odd, 0.25), [np.sqrt(3), -1 / np.sqrt(3)])


def test_the_distance_to_the_nearest():
    real = np.zeros((2, 2, 2, 1))
    real[1] = 1
    images = np.stack([np.full((2, 2, 1), 0.75), np.zeros((2, 2, 1)), np.full((2, 2, 1), -1.0)])
    np.testing.assert_allclose(distance_to_nearest(images, real), [0.25, 0, 1], atol=1e-7)


@pytest.mark.parametrize(
    ("do", "says"),
    [
        (lambda: marks([1, 9], 5), "images 0 to 4; marked are 9"),
        (lambda: unit_oddness(np.zeros((3, 2)), np.zeros(4)), "one oddness for each of the 3"),
        (lambda: unit_oddness(np.zeros((3, 2)), np.ones(3)), "equally odd"),
        (lambda: unit_oddness(np.zeros((3, 2)), np.arange(3), 0.9), "share of images"),
        (lambda: distance_to_nearest(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 3))), "cannot be near"),
    ],
)
def test_what_is_refused(do, says):
    with pytest.raises(ValueError, match=says):
        do()

"""Neighbours by brute force, and a map of two clouds."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.analysis.latent_space.neighbours import beside, neighbours
from gan_jax.analysis.latent_space.scatter import draw_scatter, scatter

RNG = np.random.default_rng(0)


def test_neighbours_are_those_of_brute_force():
    samples, data, fresh = RNG.normal(size=(7, 3)), RNG.normal(size=(20, 3)), RNG.normal(size=(5, 3))
    found = neighbours(samples, data, fresh, k=2)
    apart = lambda x, y: np.linalg.norm(x[:, None] - y[None], axis=-1)
    np.testing.assert_array_equal(found.indices, np.argsort(apart(samples, data), 1)[:, :2])
    np.testing.assert_allclose(found.distances, np.sort(apart(samples, data), 1)[:, :2])
    np.testing.assert_allclose(found.own, np.sort(apart(data, data), 1)[:, 1])
    np.testing.assert_allclose(found.fresh, apart(fresh, data).min(1))
    assert found.ratio == pytest.approx(np.median(found.distances[:, 0]) / np.median(found.fresh))
    np.testing.assert_allclose(found.ranks, [np.mean(found.own < d) for d in found.distances[:, 0]])


def test_copies_are_found():
    data = np.arange(10.0).reshape(-1, 1)
    found = neighbours(np.array([[3.0], [4.5], [20.0]]), data, k=1)
    np.testing.assert_allclose(found.distances[:, 0], [0, 0.5, 11])
    assert found.copies == pytest.approx(2 / 3)  # nearer than any two of the data
    np.testing.assert_allclose(found.ranks, [0, 0, 1])
    assert len(found.fresh) == 0 and found.ratio == 0.5
    tiles, across = beside(np.zeros((3, 1, 1, 1)), data.reshape(-1, 1, 1, 1), found, 2)
    assert across == 2 and tiles[:, 0, 0, 0].tolist() == [0, 3, 0, 4]


def test_clouds_apart_do_not_mix_and_one_cloud_does(tmp_path):
    near, far = RNG.normal(size=(60, 4)), RNG.normal(size=(60, 4)) + 100
    classes = np.repeat([0, 1], 60)
    apart = scatter(near, far, classes, perplexity=10)
    assert apart.mixing == 0 and apart.agreement == 1 and apart.places.shape == (120, 2)
    one = scatter(near, RNG.normal(size=(60, 4)), perplexity=10)
    assert one.mixing == pytest.approx(1, abs=0.15) and np.isnan(one.agreement)
    draw_scatter(tmp_path / "a.png", apart, 60, classes, ("a", "b"))
    draw_scatter(tmp_path / "b.png", one, 60)
    with Image.open(tmp_path / "a.png") as a, Image.open(tmp_path / "b.png") as b:
        assert a.size == b.size


def test_a_perplexity_beyond_the_images_is_refused():
    with pytest.raises(ValueError, match="below the 20 images, got 30"):
        scatter(RNG.normal(size=(10, 2)), RNG.normal(size=(10, 2)))
    with pytest.raises(ValueError, match="more than 10 images, and there are 8"):
        scatter(RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2)))

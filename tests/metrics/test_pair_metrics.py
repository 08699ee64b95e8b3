"""Errors by pixel and sharpness, against numbers worked out by hand."""

import numpy as np
import pytest

from gan_jax.metrics.pairs import best_constant, mean_error, sharpness


def test_errors_are_in_units_of_the_networks():
    x = np.array([[[[0, 255]]], [[[10, 20]]]], np.uint8)
    y = np.array([[[[255, 255]]], [[[20, 0]]]], np.uint8)
    np.testing.assert_allclose(mean_error(x, y), [1.0, 15 / 127.5])  # half of the pixels are off by 2
    with pytest.raises(ValueError, match="one shape"):
        mean_error(x, y[..., :1])


def test_no_colour_is_nearer_than_the_best_constant():
    targets = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 2)).astype(np.uint8)
    error = lambda colour: mean_error(np.broadcast_to(np.uint8(colour), targets.shape), targets).mean()
    best = best_constant(targets)
    assert all(error(best) <= error(best.astype(int) + step) + 1e-9 for step in ((1, 0), (-1, 0), (0, 2), (0, -2)))


def test_sharpness():
    board = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[None, :, :, None]
    rows = np.repeat(np.arange(8) % 2 * 255, 8).reshape(1, 8, 8, 1).astype(np.uint8)
    np.testing.assert_allclose(sharpness(np.concatenate([board, rows, rows * 0])), [2.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="2 x 2"):
        sharpness(board[:, :1])

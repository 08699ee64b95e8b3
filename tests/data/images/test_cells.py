import numpy as np
import pytest

from gan_jax.data.images.cells import cell_means, cell_size


def test_means_of_squares():
    x = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    np.testing.assert_array_equal(cell_means(x, 4), x.reshape(2, 4, 3, 4, 3).mean((1, 3), np.float32))
    assert cell_means(x, 4).dtype == np.float32 and cell_means(x, 1) is x
    mirrored = x[:, ::-1]  # a view that runs backwards
    np.testing.assert_array_equal(cell_means(mirrored, 4), cell_means(x, 4)[:, ::-1])


def test_means_of_cubes():
    x = np.random.default_rng(0).random((4, 8, 4, 1)) < 0.5
    np.testing.assert_array_equal(cell_means(x, 2), x.reshape(2, 2, 4, 2, 2, 2, 1).mean((1, 3, 5), np.float32))


def test_sums_are_exact_up_to_cells_of_256():
    assert cell_means(np.full((256, 256, 1), 255, np.uint8), 256).item() == 255
    one_less = np.full((256, 256, 1), 255, np.uint8)
    one_less[3, 5] = 254
    assert cell_means(one_less, 256).item() == np.float32(255 - 2**-16)


@pytest.mark.parametrize(
    "full, small, k",
    [((8, 12, 3), (8, 12, 3), 1), ((8, 12, 3), (2, 3, 3), 4), ((16, 16, 8, 1), (8, 8, 4, 1), 2), ((2,), (2,), 1)],
)
def test_sizes_of_cells(full, small, k):
    assert cell_size(full, small) == k


@pytest.mark.parametrize(
    "full, small, message",
    [
        ((8, 12, 3), (4, 4, 3), r"shape \(4, 4, 3\).*Shapes that work: 8 x 12 x 3, 4 x 6 x 3, 2 x 3 x 3. Change"),
        ((8, 8, 3), (4, 4, 1), "Shapes that work: 8 x 8 x 3, 4 x 4 x 3"),
        ((8, 8, 3), (16, 16, 3), "Shapes that work"),
        ((8, 8, 8, 1), (8, 8, 1), "8 x 8 x 8 x 1, 4 x 4 x 4 x 1"),
        ((2,), (1,), "Shapes that work: 2. "),
    ],
)
def test_sizes_that_no_cells_make(full, small, message):
    with pytest.raises(ValueError, match=message):
        cell_size(full, small)

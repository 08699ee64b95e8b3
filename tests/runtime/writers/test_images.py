import numpy as np
import pytest
from PIL import Image

from gan_jax.runtime.writers.images import image_grid, save_png, scatter_png


def test_tiles_are_legible_and_where_they_belong():
    images = np.linspace(-1, 1, 5).reshape(5, 1, 1, 1) * np.ones((5, 8, 8, 1))
    grid = image_grid(images)
    assert grid.dtype == np.uint8 and grid.shape == (3 * 66 + 2, 2 * 66 + 2, 1)  # 2 columns, 3 rows, 8x enlarged
    centres = grid[2 + 32 :: 66, 2 + 32 :: 66, 0]
    assert centres.tolist() == [[0, 64], [128, 191], [255, 128]]  # the last place is empty
    assert (grid[:2] == 128).all() and (grid[:, :2] == 128).all()


def test_pixels_are_enlarged_not_blurred():
    images = np.array([[-1.0, 1.0], [1.0, -1.0]]).reshape(1, 2, 2, 1)
    assert image_grid(images, padding=0, scale=2)[..., 0].tolist() == [
        [0, 0, 255, 255],
        [0, 0, 255, 255],
        [255, 255, 0, 0],
        [255, 255, 0, 0],
    ]
    assert image_grid(np.zeros((1, 128, 96, 3)), padding=0).shape == (128, 96, 3)  # large ones stay


@pytest.mark.parametrize(
    "channels, shape", [(1, (4, 4, 1)), (2, (4, 8, 1)), (3, (4, 4, 3)), (4, (4, 4, 3)), (6, (4, 24, 1))]
)
def test_channels(channels, shape):
    assert image_grid(np.zeros((1, 4, 4, channels)), padding=0, scale=1).shape == shape


def test_transparency_shows_a_checkerboard():
    image = np.ones((1, 16, 16, 4))
    image[..., 1:] = -1  # red, of no opacity
    clear = image_grid(image, padding=0, scale=1)
    assert set(np.unique(clear)) == {204, 255}
    image[..., 3] = 1
    assert np.unique(image_grid(image, padding=0, scale=1).reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]


def test_bad_values_do_not_stop_a_run():
    images = np.array([np.nan, np.inf, -np.inf, 3.0, -3.0, 0.0]).reshape(6, 1, 1, 1)
    assert image_grid(images, columns=6, padding=0, scale=1).ravel().tolist() == [0, 255, 0, 255, 0, 128]


@pytest.mark.parametrize("shape", [(4, 4, 1), (0, 4, 4, 1), (1, 4, 4, 4, 1)])
def test_other_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"\[N, H, W, C\]"):
        image_grid(np.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_png_round_trip(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    save_png(tmp_path / "new" / "a.png", array)
    with Image.open(tmp_path / "new" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), array.reshape(5, 7) if array.size == 35 else array)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_png_takes_bytes_only(tmp_path):
    with pytest.raises(ValueError, match="float64"):
        save_png(tmp_path / "a.png", np.zeros((4, 4)))
    assert not list(tmp_path.iterdir())


def test_scatter(tmp_path):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(500, 2)), [[np.nan, 0], [1e9, 0]]])
    scatter_png(tmp_path / "a.png", points, rng.normal(size=(500, 2)))
    scatter_png(tmp_path / "b.png", points[:3])
    scatter_png(tmp_path / "c.png", np.full((4, 2), np.nan))  # a run that went wrong is still seen
    scatter_png(tmp_path / "e.png", points[:, :1], rng.normal(size=(50, 1)))  # of a line: histograms
    scatter_png(tmp_path / "f.png", np.full((4, 1), np.nan), rng.normal(size=(50, 1)))
    for name in "abcef":
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.size == (500, 500)
    with pytest.raises(ValueError, match=r"real must be \[N, 2\]"):
        scatter_png(tmp_path / "d.png", points, np.zeros((3, 3)))

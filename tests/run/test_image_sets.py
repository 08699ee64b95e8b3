import numpy as np
import pytest
from PIL import Image

from gan_jax.data.images.decoding import BrokenImage
from gan_jax.run.image_sets import open_reference, open_set

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
MODES = {
    "grey": Image.fromarray(PIXELS[..., 0]),
    "palette": Image.fromarray(PIXELS[..., :3]).quantize(16),
    "rgb": Image.fromarray(PIXELS[..., :3]),
    "rgba": Image.fromarray(PIXELS),
    "grey_alpha": Image.fromarray(PIXELS[..., :2]),
}


def saved(folder, names, many=0):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        MODES[name].save(folder / f"{number:05}.png")
    for number in range(len(names), len(names) + many):
        (folder / f"{number:05}.png").write_bytes((folder / "00000.png").read_bytes())
    return str(folder)


@pytest.mark.parametrize(
    "names, channels",
    [
        (("grey", "grey"), 1),
        (("grey", "rgb"), 3),
        (("rgb", "palette", "grey"), 3),
        (("rgba", "rgb"), 3),
        (("rgba", "grey_alpha"), 4),
        (("grey_alpha", "grey"), 1),
        (("grey_alpha", "rgb"), 3),
    ],
)
def test_modes_are_converted_alike_wherever_they_stand(tmp_path, names, channels):
    first, last = open_set(saved(tmp_path / "one", names)), open_set(saved(tmp_path / "other", names[::-1]))
    assert first.shape == last.shape == (6, 5, channels)
    indices = np.arange(len(names))
    np.testing.assert_array_equal(first.images(indices), last.images(indices[::-1]))


def test_every_header_is_looked_at(tmp_path):
    grey_second = ("rgb", "grey")
    images = open_set(saved(tmp_path / "one", grey_second, many=1100))
    assert images.shape == (6, 5, 3) and images.images(np.array([1])).shape == (1, 6, 5, 3)
    Image.fromarray(PIXELS[:3, :, 0]).save(tmp_path / "one" / "00002.png")
    with pytest.raises(ValueError, match="images of different sizes"):
        open_set(str(tmp_path / "one"))


def test_broken_files_and_ranges_of_floats(tmp_path):
    path = saved(tmp_path / "one", ("rgb", "rgb"))
    (tmp_path / "one" / "broken.png").write_bytes(b"")
    with pytest.raises(ValueError, match="range of pixels is of the floats in an .npz file"):
        open_set(path, (0, 1))
    with pytest.raises(BrokenImage, match="broken.png.*skip_broken"):
        open_set(path)
    images = open_set(path, skip_broken=True)
    assert len(images) == 2 and "broken.png" in images.notes[0]
    assert len(open_reference(path, (6, 5, 3), skip_broken=True)["test"]) == 2
    np.savez(tmp_path / "x.npz", image=(PIXELS[None] / 255).astype(np.float32), label=[3])
    with pytest.raises(ValueError, match="no pixel below 0"):
        open_set(str(tmp_path / "x.npz"))
    arrays = open_set(str(tmp_path / "x.npz"), (0, 1), skip_broken=True)
    np.testing.assert_array_equal(arrays.images(np.arange(1)), PIXELS[None])
    assert arrays.labels().tolist() == [3]  # by number, as other sets' are


def test_an_archive(tmp_path):
    import shutil

    shutil.make_archive(str(tmp_path / "set"), "zip", saved(tmp_path / "one", ("rgb", "grey")))
    assert open_set(str(tmp_path / "set.zip")).shape == (6, 5, 3)
    with pytest.raises(FileNotFoundError, match="no folder, no .zip or .npz file"):
        open_set(str(tmp_path / "gone"))


def test_a_test_split_is_its_own(tmp_path):
    for split, number in (("train", 3), ("test", 2)):
        (tmp_path / "both" / split).mkdir(parents=True)
        saved(tmp_path / "both" / split, ["grey"], number - 1)
    found = open_reference(str(tmp_path / "both"), (5, 4, 1))
    assert [len(found[split]) for split in ("train", "test")] == [3, 2]
    assert [found[split].split for split in ("train", "test")] == ["train", "test"]
    np.savez(tmp_path / "both.npz", image_train=PIXELS[None, ..., 0].repeat(3, 0), image_test=PIXELS[None, ..., 1])
    found = open_reference(str(tmp_path / "both.npz"), (5, 4, 1))
    assert [len(found[split]) for split in ("train", "test")] == [3, 1]
    found = open_reference(str(tmp_path / "both" / "train"), (5, 4, 1))
    assert found["train"] is found["test"] and found["test"].split is None

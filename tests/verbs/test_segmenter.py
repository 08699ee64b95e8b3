import numpy as np
import pytest

from gan_jax.data import open_source
from gan_jax.features.segmenter import segmenter_of
from gan_jax.features.weights import load_weights
from gan_jax.metrics.overlap import intersection_over_union
from gan_jax.setup.config_files import load_config
from gan_jax.verbs import segmenter
from gan_jax.verbs.segmenter import train_segmenter


def config_of(**data):
    config = load_config("configs/sngan_figures.py")
    config.data.update({"size": 16, "length": 60, "shape": (16, 16, 3), **data})
    return config


def test_it_writes_weights_with_their_facts(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(segmenter, "_WIDTHS", (4, 8))
    out = tmp_path / "made" / "parts.npz"
    facts = train_segmenter(config_of(), out, steps=3, seed=2, command="typed")
    weights = load_weights(out)
    told = ("name", "steps", "seed", "command", "images", "shape", "parts")
    images = {"train": 60, "test": 60}
    parts = ("disc", "square", "triangle", "ring", "cross", "background")
    assert [facts[key] for key in told] == ["parts", 3, 2, "typed", images, (16, 16, 3), parts]
    assert "split='train'" in facts["data"] and "split='test'" in facts["test_data"]
    made = segmenter_of(weights)
    assert made.weights == weights.sha256 and made.parts == parts
    test = open_source("figures", split="test", size=16, length=60)
    found = np.asarray(made((test.images / 127.5 - 1).astype(np.float32))) > 0
    reached = intersection_over_union(found, np.moveaxis(test.part_masks(), 1, -1))
    np.testing.assert_allclose(list(facts["iou_by_part"].values()), reached, atol=1e-3)
    assert weights.sha256[:12] in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"takes floats in \[-1, 1\], \[B, 16, 16, 3\].*not uint8"):
        made(test.images)


@pytest.mark.parametrize(
    ("out", "data", "message"),
    [
        ("x.npy", {}, "such as --out=parts.npz"),
        (
            "x.npz",
            {"source": "digits", "size": None, "length": None, "shape": (16, 16, 1)},
            "has none: choose a config of",
        ),
        ("x.npz", {"split": "test"}, "leave data.split unset"),
        ("x.npz", {"shape": (32, 32, 3)}, "masks are of 16 x 16 pixels, and the config prepares images of 32 x 32"),
    ],
)
def test_data_it_cannot_learn_from_is_refused(tmp_path, out, data, message):
    with pytest.raises(ValueError, match=message):
        train_segmenter(config_of(**data), tmp_path / out, steps=1)
    assert not (tmp_path / "x.npz").exists()

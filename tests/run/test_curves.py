"""Numbers of training beside the scores."""

import json

import numpy as np
from PIL import Image

from gan_jax.run.curves import draw_curves, read_curves


def test_numbers_are_read_by_name(tmp_path):
    lines = [
        {"step": 10, "d/estimate": 2.0, "g/total": 1.0},
        {"step": 15, "samples/distance": 0.3},
        {"step": 20, "d/estimate": "nan"},
        {"step": 30, "d/estimate": 1.5},
    ]
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 40, "d/es')
    assert read_curves(file, ("d/estimate", "d/other")) == {"d/estimate": ([10, 30], [2.0, 1.5]), "d/other": ([], [])}
    assert read_curves(tmp_path / "none.jsonl", ("d/estimate",)) == {"d/estimate": ([], [])}
    assert read_curves(file, ()) == {}


def test_they_are_drawn_without_any_score(tmp_path):
    noisy = np.exp(-np.arange(500) / 100) + 0.1 * np.random.default_rng(0).normal(size=500)
    draw_curves([], tmp_path / "a.png", {"d/estimate": (range(500), noisy), "d/one": ([3], [1.0]), "d/other": ([], [])})
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1000, 350)  # a panel for each that has numbers
    draw_curves([], tmp_path / "b.png", {"d/other": ([], [])})
    assert not (tmp_path / "b.png").exists()

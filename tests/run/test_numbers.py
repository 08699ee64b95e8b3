"""Curves of a run's numbers."""

import json

import numpy as np
import pytest

from gan_jax.run.numbers import _curve, draw_numbers


def test_a_point_is_a_mean_over_consecutive_lines():
    entries = [{"step": 10 * i, "x": float(i)} for i in range(1, 103)] + [
        {"step": 1020, "y": 1.0},
        {"step": 1030, "x": "nan"},
    ]
    steps, values = _curve(entries, "x")  # 102 lines, two a point
    np.testing.assert_array_equal(steps, 20 * np.arange(1, 52))
    np.testing.assert_array_equal(values, 2 * np.arange(1, 52) - 0.5)
    assert _curve(entries, "y")[1] == pytest.approx([1.0]) and not len(_curve(entries, "z")[0])


def test_it_draws_what_there_is(tmp_path):
    lines, picture = tmp_path / "metrics.jsonl", tmp_path / "curves.png"
    draw_numbers(lines, {"a": ("x",)}, picture)
    lines.write_text(json.dumps({"step": 0, "state_digest": "abc"}) + "\n")
    draw_numbers(lines, {"a": ("x",)}, picture)
    assert not picture.exists()
    lines.write_text("".join(json.dumps({"step": i, "x": i / 9}) + "\n" for i in range(9)))
    lines.write_text(lines.read_text() + '{"step": 9, "x"')  # torn
    draw_numbers(lines, {"a": ("x", "y"), "b": ("x",)}, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")

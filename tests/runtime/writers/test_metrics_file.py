import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.runtime.writers.metrics_file import MetricsFile


def lines(path):
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]


def test_a_line_is_on_disk_at_once_and_valid_json(tmp_path):
    metrics = MetricsFile(tmp_path / "new" / "metrics.jsonl")
    metrics.write(
        1, {"d/loss": jnp.float32(0.5), "g/loss": np.float64(0.1), "n": np.int64(3), "note": "a", "none": None}
    )
    assert lines(metrics.path) == [{"step": 1, "d/loss": 0.5, "g/loss": 0.1, "n": 3, "note": "a", "none": None}]
    metrics.write(np.int32(2), {"a": math.nan, "b": jnp.inf, "c": -math.inf, "d": True})
    assert lines(metrics.path)[1] == {"step": 2, "a": "nan", "b": "inf", "c": "-inf", "d": True}
    assert float(lines(metrics.path)[1]["c"]) == -math.inf
    metrics.close()
    with pytest.raises((TypeError, ValueError)):
        metrics.write(3, {"vector": jnp.ones(2)})


def test_resuming_drops_what_came_after_and_a_torn_end(tmp_path, capsys):
    path = tmp_path / "metrics.jsonl"
    with MetricsFile(path) as metrics:
        for step in (10, 20, 30):
            metrics.write(step, {"x": step})
    with path.open("ab") as file:
        file.write(b'{"step": 40, "x": 4')
    with MetricsFile(path) as metrics:
        metrics.truncate_after(20)
        metrics.write(25, {"x": 1})
        metrics.truncate_after(25)
        metrics.write(26, {"x": 2})
    assert [line["step"] for line in lines(path)] == [10, 20, 25, 26]
    assert "1 torn or damaged line(s) dropped" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_torn_end_does_not_swallow_the_next_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n\xff\0\n{"note": "no step"}\n{"st')
    with MetricsFile(path) as metrics:
        metrics.write(2, {})
    assert lines(path) == [{"step": 1}, {"note": "no step"}, {"step": 2}]


def test_there_may_be_nothing_to_truncate(tmp_path):
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    metrics.truncate_after(3)
    assert not metrics.path.exists()

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.runtime.writers.metrics_file import MetricsFile, last_step


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


def test_a_full_disk_names_the_file_and_what_to_do_and_keeps_what_was_written(tmp_path, run_program):
    run_program(FULL, tmp_path / "metrics.jsonl")
    with MetricsFile(tmp_path / "metrics.jsonl") as metrics:
        metrics.write(99, {})
    steps = [line["step"] for line in lines(metrics.path)]
    assert steps == [*range(len(steps) - 1), 99]


FULL = """
import resource, signal, sys
from gan_jax.runtime.writers.metrics_file import MetricsFile, last_step
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))  # a write fails, as on a full disk
with MetricsFile(sys.argv[1]) as metrics:
    try:
        for step in range(1000):
            metrics.write(step, {"note": 50 * "x"})
    except OSError as error:
        assert "metrics.jsonl could not be written (File too large): free some space" in str(error), error
    else:
        raise AssertionError("the failure went unnoticed")
"""


def test_a_file_that_is_removed_meanwhile_is_begun_anew_with_a_word(tmp_path, capsys):
    with MetricsFile(tmp_path / "metrics.jsonl") as metrics:
        metrics.write(1, {})
        metrics.path.unlink()
        metrics.write(2, {})
        metrics.write(3, {})
        assert [line["step"] for line in lines(metrics.path)] == [2, 3]
        assert capsys.readouterr().err.count("was removed or replaced while the run wrote it") == 1


def test_a_folder_that_is_removed_meanwhile_is_an_error(tmp_path):
    with MetricsFile(tmp_path / "run" / "metrics.jsonl") as metrics:
        metrics.write(1, {})
        metrics.path.unlink()
        metrics.path.parent.rmdir()
        with pytest.raises(FileNotFoundError, match="metrics.jsonl could not be written"):
            metrics.write(2, {})
    assert not metrics.path.parent.exists()


def test_lines_that_cannot_be_read_are_kept_in_a_copy(tmp_path, capsys):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\nsomebody wrote this\n{"step": "two"}\n{"step": 9}\n')
    before = path.read_bytes()
    with MetricsFile(path) as metrics:
        metrics.truncate_after(5)
    assert lines(path) == [{"step": 1}, {"step": "two"}]
    assert (tmp_path / "metrics.damaged1.jsonl").read_bytes() == before
    assert "the file as it was is metrics.damaged1.jsonl" in capsys.readouterr().err


def test_the_last_step_is_that_of_the_lines_that_can_be_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert last_step(path) == 0
    path.write_text('{"step": 4}\n{"step": 2, "note": "late"}\n{"st')
    assert last_step(path) == 4

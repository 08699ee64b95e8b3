"""Two processes on one machine are one: the same losses and the same resumption as a single process."""

import json

import numpy as np


def _losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return np.array([[line["d/total"], line["g/total"]] for line in lines if "d/total" in line])


def test_two_processes_train_and_resume_as_one(command, together, run, tmp_path):
    first, second = together(command(tmp_path / "two", "--config.steps=3"))
    assert "processes: 2" in first
    assert "parameters" not in second  # one process speaks
    resumed, _ = together(command(tmp_path / "two", "--config.steps=6"))
    assert "resumed at step 3" in resumed
    one = run(tmp_path / "one", "--config.steps=6")
    assert one.returncode == 0, one.stderr[-2000:]
    assert len(_losses(tmp_path / "two")) == 6
    np.testing.assert_allclose(_losses(tmp_path / "two"), _losses(tmp_path / "one"), rtol=2e-4, atol=2e-4)

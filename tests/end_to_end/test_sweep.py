"""A grid of tiny runs: every cell played and scored once, a table and a plot, nothing played twice."""

import json

import pytest

from gan_jax.evaluators.score import Score, append_scores, read_scores
from gan_jax.verbs import sweep as module
from gan_jax.verbs.sweep import folder_name, parse_axis, sweep

SMALL = {"data__shape": (16, 16, 1), "steps": 2, "checkpoint__every": 2, "log__samples_every": 100}


def test_axes_are_read_as_literals():
    assert parse_axis("seed=0,1,2") == ("seed", [0, 1, 2])
    assert parse_axis("optim.generator.b1=0.0,.5") == ("optim.generator.b1", [0.0, 0.5])
    assert parse_axis("generator.widths=(8,8),(16,16)") == ("generator.widths", [(8, 8), (16, 16)])
    assert parse_axis("loss.type=hinge,wasserstein") == ("loss.type", ["hinge", "wasserstein"])
    for wrong in ("seed", "seed=", "=1"):
        with pytest.raises(ValueError, match="KEY=VALUE"):
            parse_axis(wrong)
    with pytest.raises(ValueError, match="stands there twice"):
        parse_axis("seed=0,0")


def test_folders_are_named_by_their_settings():
    cell = {"config": "configs/ssgan_digits.py", "generator.widths": (8, 8), "seed": 1}
    assert folder_name(cell) == "config=ssgan_digits__generator.widths=_8_8___seed=1"
    assert folder_name({}) == "run"


@pytest.fixture
def played(monkeypatch):
    """Cells that were played. Their score is the seed, and 10 more for the Wasserstein loss."""
    cells = []

    def train(config, folder):
        cells.append(folder.name)

    def evaluate_run(folder, config, recipes):
        value = config.seed + 10.0 * (config.loss.type == "wasserstein")
        append_scores(folder / "scores.jsonl", [Score("swd", value, recipe="swd", step=config.steps, seed=0)])

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "evaluate_run", evaluate_run)
    return cells


def test_a_grid_is_summed_up_and_nothing_is_played_twice(tiny, tmp_path, played):
    axes = {"loss.type": ["hinge", "wasserstein"], "seed": [0, 1, 2]}
    assert sweep(tiny(**SMALL), tmp_path, axes, ["swd"]) is None
    assert len(played) == 6
    table = (tmp_path / "sweep.md").read_text()
    expected = [
        "| score | loss.type=hinge (3) | loss.type=wasserstein (3) |",
        "|---|---|---|",
        "| swd | 1 ± 1 | 11 ± 1 |",
    ]
    assert table.splitlines() == expected
    assert (tmp_path / "sweep.png").read_bytes()[:4] == b"\x89PNG"

    (tmp_path / "loss.type=hinge__seed=1" / "scores.jsonl").unlink()  # as if stopped before its score
    assert sweep(tiny(**SMALL), tmp_path, axes, ["swd"]) is None
    assert played[6:] == ["loss.type=hinge__seed=1"]
    assert (tmp_path / "sweep.md").read_text() == table


def test_a_cell_is_a_run_like_any_other(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path / "cache"))
    assert sweep(tiny(**SMALL), tmp_path / "grid", {"seed": [3]}, ["fd_digits"]) is None
    folder = tmp_path / "grid" / "seed=3"
    assert json.loads((folder / "config.json").read_text())["seed"] == 3
    (score,) = read_scores(folder / "scores.jsonl")
    assert f"| fd_digits | {score.value:.4g} |" in (tmp_path / "grid" / "sweep.md").read_text()


def test_a_run_that_is_stopped_stops_the_grid(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", lambda config, folder: "SIGTERM")
    assert sweep(tiny(**SMALL), tmp_path, {"seed": [0, 1]}) == "SIGTERM"


def test_schedules_follow_a_swept_number_of_steps(tiny):
    made = module._config_of(module.load_config("configs/ssgan_digits.py"), {"steps": 70})
    assert made.optim.generator.learning_rate.decay_steps == 70


def test_a_setting_may_change_its_kind():
    made = module._config_of(module.load_config("configs/ssgan_digits.py"), {"optim.generator.learning_rate": 1e-3})
    assert made.optim.generator.learning_rate == 1e-3


def test_a_grid_that_cannot_be_built_is_refused_before_training(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", lambda config, folder: pytest.fail("trained"))
    with pytest.raises(ValueError, match="the config has no 'b9' there; it has b1"):
        sweep(tiny(**SMALL), tmp_path, {"optim.generator.b9": [1]})
    with pytest.raises(ValueError, match="the config has no 'generatr'"):
        sweep(tiny(**SMALL), tmp_path, {"generatr.widths": [1]})
    with pytest.raises(ValueError, match="unknown type 'hing'"):
        sweep(tiny(**SMALL), tmp_path, {"loss.type": ["hinge", "hing"]})
    with pytest.raises(ValueError, match="a sweep needs --config"):
        sweep(None, tmp_path, {"seed": [1]})

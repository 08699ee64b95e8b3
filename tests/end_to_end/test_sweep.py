"""A grid of tiny runs: every cell played and scored once, a table and a plot, nothing played twice."""

import json
import re
from pathlib import Path

import pytest

import gan_jax.features.embedded
from gan_jax.evaluators.score import Score, append_scores, read_scores
from gan_jax.features.weights import load_weights, save_weights
from gan_jax.main import main
from gan_jax.run.grid import cells as grid
from gan_jax.run.grid.cells import Judging, cells_of, folder_name, parse_axes
from gan_jax.run.scoring import Options
from gan_jax.setup.config_files import load_config
from gan_jax.verbs import sweep as module
from gan_jax.verbs.sweep import CellsFailed, sweep

SMALL = {"data__shape": (16, 16, 1), "steps": 2, "checkpoint__every": 2, "log__samples_every": 100}


SWD = Judging(["swd"])


def test_axes_are_read_as_literals():
    assert parse_axes(["seed=0,1,2", "optim.generator.b1=0.0,.5"]) == {
        "seed": [0, 1, 2],
        "optim.generator.b1": [0.0, 0.5],
    }
    assert parse_axes(["generator.widths=(8,8),(16,16)"]) == {"generator.widths": [(8, 8), (16, 16)]}
    assert parse_axes(["loss.type=hinge,wasserstein"]) == {"loss.type": ["hinge", "wasserstein"]}
    for wrong in ("seed", "seed=", "=1"):
        with pytest.raises(ValueError, match="KEY=VALUE"):
            parse_axes([wrong])
    with pytest.raises(ValueError, match="stands there twice"):
        parse_axes(["seed=0,0"])
    with pytest.raises(ValueError, match="--sweep=seed is given twice"):
        parse_axes(["seed=0", "seed=1"])


def test_folders_are_named_by_their_settings():
    cell = {"config": "configs/ssgan_digits.py", "generator.widths": (8, 8), "seed": 1}
    assert folder_name(cell) == "config=ssgan_digits__generator.widths=_8_8___seed=1"
    assert folder_name({}) == "run"


@pytest.fixture
def played(monkeypatch):
    """Cells that were played, with their configs. Their score is the seed, and 10 more for the Wasserstein loss."""
    cells = {}

    def train(config, folder):
        cells[folder.name] = config

    def evaluate_run(folder, config, recipes, extractors, options):
        value = config.seed + 10.0 * (config.loss.type == "wasserstein")
        facts = {
            "weights": "ema",
            "batch_norm": options.batch_norm,
            "truncation": options.truncation,
            "drawing": "index",
        }
        score = Score("swd", value, recipe="swd", step=config.steps, seed=0, **facts)
        append_scores(folder / "scores.jsonl", [score])

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "evaluate_run", evaluate_run)
    monkeypatch.setattr(grid.Player, "check", lambda self, state: None)  # what is not played need not be traced
    return cells


def test_a_grid_is_summed_up_and_nothing_is_played_twice(tiny, tmp_path, played):
    axes = {"loss.type": ["hinge", "wasserstein"], "seed": [0, 1, 2]}
    assert sweep(tiny(**SMALL), tmp_path, axes, SWD) is None
    assert len(played) == 6
    table = (tmp_path / "sweep.md").read_text()
    expected = [
        "| score | loss.type=hinge (3) | loss.type=wasserstein (3) |",
        "|---|---|---|",
        "| swd | 1 ± 1 | 11 ± 1 |",
    ]
    assert table.splitlines() == expected
    assert (tmp_path / "sweep.png").read_bytes()[:4] == b"\x89PNG"

    played.clear()
    (tmp_path / "loss.type=hinge__seed=1" / "scores.jsonl").unlink()  # as if stopped before its score
    assert sweep(tiny(**SMALL), tmp_path, axes, SWD) is None
    assert [*played] == ["loss.type=hinge__seed=1"]
    assert (tmp_path / "sweep.md").read_text() == table

    played.clear()
    truncated = Judging(["swd"], options=Options(truncation=0.5))
    assert sweep(tiny(**SMALL), tmp_path, axes, truncated) is None
    assert len(played) == 6  # scored again, as it was asked for now


def test_a_cell_is_a_run_like_any_other_and_its_config_names_a_classifier_of_ones_own(
    tiny, tmp_path, monkeypatch, quick_rounds
):
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    weights = load_weights(Path(gan_jax.features.embedded.__file__).parent / "embedded" / "digits.npz")
    save_weights(tmp_path / "mine.npz", weights.variables, {**weights.facts, "name": "mine"})
    evaluate = {"classifier": "~/mine.npz", "recipes": ("fd_digits", "fd_mine"), "every": 2, "during": ("fd_mine",)}
    config = tiny(**SMALL, **{f"evaluate__{key}": value for key, value in evaluate.items()})
    judging = Judging(options=Options(truncation=1.5))
    with quick_rounds():
        assert sweep(config, tmp_path / "grid", {"seed": [3]}, judging) is None

    folder = tmp_path / "grid" / "seed=3"
    assert json.loads((folder / "config.json").read_text())["seed"] == 3
    during, digits, mine = read_scores(folder / "scores.jsonl")
    assert (during.name, during.extractor, during.truncation) == ("fd_mine", "mine", None)
    assert (digits.name, mine.name, digits.truncation) == ("fd_digits", "fd_mine", 1.5)
    assert mine.value == pytest.approx(digits.value)  # the same weights
    assert f"| fd_digits | {digits.value:.4g} |" in (tmp_path / "grid" / "sweep.md").read_text()

    monkeypatch.setattr(module, "train", lambda config, folder: pytest.fail("trained again"))
    assert sweep(config, tmp_path / "grid", {"seed": [3]}, judging) is None
    other = tiny(**SMALL, latents__dim=8)
    with pytest.raises(ValueError, match=r"1 of 1 cells cannot be played:\n  seed=3: .* holds another config's run"):
        sweep(other, tmp_path / "grid", {"seed": [3]}, Judging(["swd"]))
    with pytest.raises(ValueError, match="fd_mine"):
        sweep(other, tmp_path / "other", {"seed": [3]}, Judging(["fd_mine"]))


def test_a_run_that_is_stopped_stops_the_grid(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", lambda config, folder: "SIGTERM")
    assert sweep(tiny(**SMALL), tmp_path, {"seed": [0, 1]}) == "SIGTERM"


def test_a_cell_that_fails_does_not_end_the_others_and_is_told(tiny, tmp_path, played, monkeypatch):
    train = module.train

    def fail(config, folder):
        if config.seed == 1:
            raise RuntimeError("round 7: g/total is nan")
        return train(config, folder)

    monkeypatch.setattr(module, "train", fail)
    with pytest.raises(CellsFailed, match=r"1 of 3 cells failed; .*\n  seed=1: round 7: g/total is nan"):
        sweep(tiny(**SMALL), tmp_path, {"seed": [0, 1, 2]}, SWD)
    assert [*played] == ["seed=0", "seed=2"]
    report = (tmp_path / "sweep.md").read_text()
    assert "| swd | 1 ± 1.4 |" in report and "Failed:\n\n- seed=1: round 7: g/total is nan\n" in report


def test_scores_of_other_protocols_are_marked_and_missing_ones_are_left_open(tiny, tmp_path, played, monkeypatch):
    def evaluate_run(folder, config, recipes, extractors, options):
        named = {"reference": config.loss.type} if config.loss.type == "wasserstein" else {}
        scores = [Score("swd", 1.0, recipe="swd", step=2, seed=0, **named)]
        scores += [Score("ms_ssim", 0.5, recipe="ms_ssim", step=2, seed=0)] if not named else []
        append_scores(folder / "scores.jsonl", scores)

    monkeypatch.setattr(module, "evaluate_run", evaluate_run)
    sweep(tiny(**SMALL), tmp_path, {"loss.type": ["hinge", "wasserstein"]}, SWD)
    lines = (tmp_path / "sweep.md").read_text().splitlines()
    assert lines[2:4] == ["| swd | 1 | 1 * |", "| ms_ssim | 0.5 | - |"]
    assert lines[5] == (
        "\\* loss.type=wasserstein, not to be compared with the first column's: reference: None and wasserstein"
    )


def config_of(**settings):
    (cell,) = cells_of(load_config("ssgan_digits"), Path(), {key: [value] for key, value in settings.items()})
    return cell.config


def test_settings_are_read_as_on_the_command_line():
    assert config_of(steps=70).optim.generator.learning_rate.decay_steps == 70  # schedules follow the steps
    changed = config_of(**{"optim.generator.learning_rate": 1e-3, "ema.decay": None, "data.flip": "true"})
    assert changed.optim.generator.learning_rate == 1e-3 and changed.ema.decay is None and changed.data.flip is True
    assert config_of(**{"evaluate.recipes": "swd"}).evaluate.recipes == ("swd",)


def test_an_axis_of_configs_keeps_the_other_settings(tmp_path, played):
    words = ["--sweep=config=ssgan_digits,lt_digits", "--config.steps=7", "--config.batch_size=8", "--recipes=swd"]
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "sweep", *words, f"--workdir={tmp_path}"])
    assert ended.value.code == 0
    assert [(config.steps, config.batch_size) for config in played.values()] == [(7, 8), (7, 8)]
    assert [*played] == ["config=ssgan_digits", "config=lt_digits"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--sweep=seed=0"], "a sweep begins at --config, or at an axis of configs"),
        (["--config=lt_digits", "--sweep=config=lt_digits"], "leave one of them out"),
        (
            ["--config=lt_digits", "--sweep=steps=3", "--config.steps=4"],
            "--config.steps is set, and --sweep=steps sets it",
        ),
        (["--sweep=config=a/lt.py,b/lt.py"], "there is no config file"),
        (["--config=lt_digits", "--sweep=seed=0", "--recipes=swdd"], "seed=0: .*swdd"),
        (["--config=lt_digits", "--sweep=seed=0", "--recipes=modes"], "seed=0: no score modes: it counts the modes of"),
        (["--config=gan_ring", "--sweep=seed=0", "--recipes=swd"], "seed=0: no score swd: it is of images"),
        (["--config=lt_digits", "--sweep=seed=0", "--sampler=other"], "no sampler 'other'"),
        (["--config=lt_digits", "--sweep=seed=0", "--truncation=-1"], "truncation"),
        (["--config=lt_digits", "--sweep=seed=0", "--classifier=none.npz"], "there is no weights file"),
    ],
)
def test_what_cannot_be_is_told_before_training(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "train", lambda config, folder: pytest.fail("trained"))
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "sweep", *words, f"--workdir={tmp_path}/grid"])
    assert ended.value.code == 1
    assert re.search(says, capsys.readouterr().err)
    assert not (tmp_path / "grid").exists()


def test_a_grid_that_cannot_be_built_is_refused_before_training(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", lambda config, folder: pytest.fail("trained"))
    with pytest.raises(ValueError, match=r"(?s)1 of 1 cells cannot .*unknown config key optim.generator.b9"):
        sweep(tiny(**SMALL), tmp_path, {"optim.generator.b9": [1]})
    with pytest.raises(ValueError, match="generatr.widths: the config has no 'generatr'"):
        sweep(tiny(**SMALL), tmp_path, {"generatr.widths": [1]})
    with pytest.raises(ValueError, match=r"(?s)2 of 4 cells .*loss.type=hing.*unknown type 'hing'"):
        sweep(tiny(**SMALL), tmp_path, {"loss.type": ["hinge", "hing"], "seed": [0, 1]})
    with pytest.raises(ValueError, match=r"(?s)2 of 3 cells .*batch_size=9: .*\n  batch_size=-1: "):
        sweep(tiny(**SMALL, regularizers__rotation__fraction=0.25), tmp_path, {"batch_size": [8, 9, -1]})
    with pytest.raises(ValueError, match="two cells would share the folder loss.type=a_b"):
        sweep(tiny(**SMALL), tmp_path, {"loss.type": ["a b", "a_b"]})


def test_a_grid_is_not_played_in_the_folder_of_a_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", lambda config, folder: pytest.fail("trained"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="holds a run, and a sweep makes folders of its own there"):
        sweep(tiny(**SMALL), tmp_path, {"seed": [0, 1]})
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]

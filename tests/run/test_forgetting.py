"""Curves of probes over runs: taken where they were written, made where they are missing."""

import json

import pytest

from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.score import Score, append_scores
from gan_jax.main import main
from gan_jax.run import forgetting
from gan_jax.run.forgetting import Curve, curves_of, probes, require_comparable
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config

SETTINGS = dict(find_recipe("probe", {}).settings)


def score(step, value, tap="", **changed):
    name = f"probe/{tap}" if tap else "probe"
    fields = {
        "recipe": "probe",
        "settings": SETTINGS,
        "subject": "a",
        "reference": "digits",
        "n_real": 10,
        "step": step,
    }
    return Score(name, value, **(fields | changed))


@pytest.fixture
def run(tmp_path):
    """A function that makes the folder of a run whose checkpoints are gone."""

    def make(name, scores):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(resolve(load_config("sngan_digits"))))
        append_scores(folder / "scores.jsonl", scores)
        return folder

    return make


def test_what_was_written_is_taken_and_what_is_missing_is_made(run, tmp_path, monkeypatch):
    other = score(1, 0.1, settings={"most_features": 3})  # another protocol
    folder = run("a", [score(1, 0.5), score(1, 0.4, "block0"), score(1, 0.1, "block0/gap"), other])
    made = []

    class Made:
        def __init__(self, *args, **options):
            pass

        def of(self, state, phase, step):
            made.append(step)
            yield [score(step, 0.9), score(step, 0.7, "block0")]

    restored = lambda workdir, step: type("R", (), {"state": None, "phase": None, "step": step})
    monkeypatch.setattr(forgetting, "saved_steps", lambda workdir: [1, 2])
    monkeypatch.setattr(forgetting, "Scoring", Made)
    monkeypatch.setattr(forgetting, "restore", restored)
    before = (folder / "scores.jsonl").read_text()
    curves = curves_of("a", probes(folder, tmp_path / "kept.jsonl"))
    assert curves == [Curve("a", "", (1, 2), (0.5, 0.9)), Curve("a", "block0", (1, 2), (0.4, 0.7))]
    assert probes(folder, tmp_path / "kept.jsonl") and made == [2]  # the second time it is known
    assert (folder / "scores.jsonl").read_text() == before
    monkeypatch.setattr(forgetting, "saved_steps", lambda workdir: [1, 2, 3])
    monkeypatch.setattr(Made, "of", lambda self, state, phase, step: [[score(step, 0.8, reference_hash="new")]])
    again = probes(folder, tmp_path / "kept.jsonl")  # what was kept is of other images, and made anew
    assert [(each.step, each.value) for each in again] == [(1, 0.8), (2, 0.8), (3, 0.8)]


def test_what_is_forgotten_is_below_the_highest():
    assert Curve("a", "", (1, 2, 3), (0.5, 0.9, 0.6)).forgotten == pytest.approx(0.3)
    assert Curve("a", "", (1, 2), (0.5, 0.9)).forgotten == 0


def test_other_images_are_not_compared():
    require_comparable({"a": [score(1, 0.5)], "b": [score(2, 0.5)]})
    with pytest.raises(ValueError, match="a and b cannot be compared: n_real: 10 and 20"):
        require_comparable({"a": [score(1, 0.5)], "b": [score(2, 0.5, n_real=20)]})


def play(*flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "analyse", "--tool=forgetting", "--compilation_cache=none", *flags])
    return ended.value.code


def test_two_runs_are_shown_side_by_side(run, tmp_path, capsys):
    a = run("a", [score(step, value, tap) for tap in ("", "block0") for step, value in ((1, 0.9), (2, 0.6))])
    b = run("b", [score(step, 0.8) for step in (1, 2)])
    out = tmp_path / "out"
    assert play(f"--workdirs={a},{b}", f"--out={out}") == 0
    assert "0.3000" in capsys.readouterr().out
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert {(line["run"], line["tap"]) for line in lines} == {("a", "best"), ("a", "block0"), ("b", "best")}
    assert (out / "forgetting.png").exists() and "Forgetting: a and b" in (out / "index.html").read_text()


def test_what_is_refused(run, tmp_path, capsys):
    a = run("a", [])
    for flags, message in (
        ((f"--workdirs={a},{a}",), "names one run twice"),
        ((f"--workdirs={a}", f"--out={a}/x"), "stays as it is"),
        ((f"--workdirs={tmp_path}/none",), "none"),
        ((f"--workdirs={a}",), "has no checkpoints"),
        ((f"--workdirs={a}", "--model=x"), "a model has no discriminator"),
    ):
        assert play(*(flags if len(flags) > 1 and "--out" in flags[1] else (*flags, f"--out={tmp_path}/out"))) == 1
        assert message in capsys.readouterr().err

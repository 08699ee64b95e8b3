import dataclasses
import json
import os

import pytest

from gan_jax.evaluators.score import Score, append_scores, check_scores_file, compare, differences, read_scores

SCORE = Score(
    name="kd_digits",
    value=0.25,
    spread=0.01,
    recipe="kd_digits",
    settings={"subsets": 100},
    n_fake=1000,
    n_real=1438,
    reference="Digits(split='train')",
    split="train",
    extractor="digits",
    extractor_hash="ab",
    resize="none",
    tap="pooled",
    subject="runs/a",
    step=500,
    weights="ema",
    batch_norm="running",
    seed=0,
    version="0.1.0",
    date="2026-01-01T00:00:00+00:00",
    seconds=1.5,
)


def test_a_score_survives_a_file(tmp_path):
    not_a_number = dataclasses.replace(SCORE, value=float("inf"), step=600)
    append_scores(tmp_path / "scores.jsonl", [SCORE, not_a_number])
    assert read_scores(tmp_path / "scores.jsonl") == [SCORE, not_a_number]
    for line in (tmp_path / "scores.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_later_of_two_equal_scores_stays_and_torn_lines_are_left_out(tmp_path):
    path = tmp_path / "scores.jsonl"
    again = dataclasses.replace(SCORE, value=0.5, date="2026-01-02T00:00:00+00:00")
    other_seed = dataclasses.replace(SCORE, seed=1)
    append_scores(path, [SCORE, other_seed, again])
    path.write_text(path.read_text() + SCORE.to_json()[:40])
    append_scores(path, [dataclasses.replace(SCORE, step=7)])
    assert read_scores(path) == [other_seed, again, dataclasses.replace(SCORE, step=7)]


def test_sets_of_one_name_and_other_pixels_keep_their_scores(tmp_path):
    one, other = (dataclasses.replace(SCORE, subject="gen.npz", subject_hash=digest, step=None) for digest in "ab")
    append_scores(tmp_path / "scores.jsonl", [one, other])
    assert read_scores(tmp_path / "scores.jsonl") == [one, other]


def test_records_of_older_versions_are_read(tmp_path):
    older = json.loads(SCORE.to_json())
    del older["subject_hash"], older["drawing"]
    (tmp_path / "scores.jsonl").write_text(json.dumps(older) + "\n")
    assert read_scores(tmp_path / "scores.jsonl") == [dataclasses.replace(SCORE, drawing="index")]


def test_lines_that_are_no_scores_are_named_and_stay(tmp_path, capsys):
    path = tmp_path / "scores.jsonl"
    strange = b'[1, 2]\n{"name": "of the future", "value": 1, "colour": "red"}\n\xff\xfe\n'
    path.write_bytes(strange + SCORE.to_json().encode() + b"\n")
    check_scores_file(path)
    assert (
        capsys.readouterr()
        .err.strip()
        .endswith("left out, since they are no scores that this version can read: line 1, 2, 3")
    )
    assert read_scores(path, quiet=True) == [SCORE]
    append_scores(path, [dataclasses.replace(SCORE, step=7)])
    assert path.read_bytes().startswith(strange) and len(read_scores(path, quiet=True)) == 2


@pytest.mark.parametrize("held", [b"\x89PNG\r\n\x1a\n\0\0", b"# Notes\nof mine\n"])
def test_a_file_that_is_something_else_is_named_and_stays(tmp_path, held):
    path = tmp_path / "picture.png"
    path.write_bytes(held)
    with pytest.raises(ValueError, match="picture.png is no file of scores: line 1 is none"):
        check_scores_file(path)
    assert path.read_bytes() == held
    with pytest.raises(ValueError, match="is a folder: scores are appended to a file, such as .*scores.jsonl"):
        check_scores_file(tmp_path)


@pytest.mark.parametrize(
    "free", ["value", "spread", "step", "seed", "subject", "subject_hash", "version", "date", "seconds"]
)
def test_results_may_differ(free):
    changed = {"value": 0.75, "spread": 0.5, "step": 1, "seed": 3, "seconds": 9.0}.get(free, "other")
    other = dataclasses.replace(SCORE, **{free: changed})
    assert differences(SCORE, other) == []
    assert compare(SCORE, other) == other.value - SCORE.value


@pytest.mark.parametrize(
    ("key", "value"),
    [("n_fake", 999), ("weights", "raw"), ("batch_norm", "standing"), ("truncation", 0.5), ("extractor_hash", "cd")]
    + [("split", "test"), ("settings", {"subsets": 10}), ("resize", "clean"), ("reference_hash", "ef"), ("tap", "x")],
)
def test_scores_of_different_protocols_are_refused_unless_forced(key, value):
    other = dataclasses.replace(SCORE, value=1.0, **{key: value})
    with pytest.raises(ValueError, match=rf"different protocols(?s:.*)  {key}: "):
        compare(SCORE, other)
    assert compare(SCORE, other, force=True) == 0.75


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_names_the_file(tmp_path):
    (tmp_path / "scores.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"scores.jsonl: scores could not be added \(No space left on device\)"):
        append_scores(tmp_path / "scores.jsonl", [SCORE])

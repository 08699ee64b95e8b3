"""A work folder belongs to one config."""

import pytest

from gan_jax.run.work_folder import claim, compared, has_run, is_saved, mark_saved, read_config, read_run, require_same
from gan_jax.setup.construct import ConfigError

CONFIG = {
    "seed": 0,
    "steps": 10,
    "method": {},
    "data": {"source": "digits", "shape": (16, 16, 1)},
    "log": {"every": 1},
    "none": {},
}


def test_the_config_is_written_and_read_back(tmp_path):
    claim(tmp_path, CONFIG, images=3)
    assert read_config(tmp_path) == {**CONFIG, "data": {"source": "digits", "shape": [16, 16, 1]}}


def test_the_same_config_may_come_back_with_more_steps_and_other_logs(tmp_path):
    claim(tmp_path, CONFIG, images=3)
    claim(tmp_path, {**CONFIG, "steps": 20, "log": {"every": 5}}, images=3)
    assert read_config(tmp_path)["steps"] == 20


def test_another_config_is_refused_and_what_differs_is_listed(tmp_path):
    claim(tmp_path, CONFIG, images=3)
    with pytest.raises(ConfigError, match=r"data.source: digits there, emoji here\n  seed: 0 there, 1 here"):
        claim(tmp_path, {**CONFIG, "seed": 1, "data": {"source": "emoji", "shape": (16, 16, 1)}}, images=3)
    assert read_config(tmp_path)["seed"] == 0


def test_other_data_is_refused(tmp_path):
    claim(tmp_path, CONFIG, images=3)
    with pytest.raises(ConfigError, match="found.images: 3 there, 4 here"):
        claim(tmp_path, CONFIG, images=4)


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        read_config(tmp_path)


def test_a_folder_with_a_run_is_told_from_one_without(tmp_path):
    assert not has_run(tmp_path)
    claim(tmp_path, CONFIG, images=3)
    assert has_run(tmp_path)


def test_data_that_were_copied_are_the_same_data(tmp_path, capsys):
    files = {"names": "a", "sizes": "b", "content": "c", "times": "d", "oldest": 1, "newest": 5}
    claim(tmp_path, CONFIG, images=3, data=files)
    claim(tmp_path, CONFIG, images=3, data={**files, "times": "e", "oldest": 6, "newest": 7})
    assert "all files of the data were written anew" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="the times of some files: they were changed or swapped"):
        claim(tmp_path, CONFIG, images=3, data={**files, "times": "f", "oldest": 6, "newest": 9})
    claim(tmp_path, CONFIG, accept_new_data=True, images=4, data={**files, "content": "g"})
    assert "(found.images: 3 there, 4 here; the content): accepted" in capsys.readouterr().err


def test_a_run_keeps_its_name_and_knows_whether_it_has_saved(tmp_path):
    name = claim(tmp_path, CONFIG, images=3)
    assert name == read_run(tmp_path) == claim(tmp_path, {**CONFIG, "steps": 20}, images=3)
    assert is_saved(tmp_path) is False
    mark_saved(tmp_path)
    mark_saved(tmp_path)
    assert is_saved(tmp_path) is True and claim(tmp_path, CONFIG, images=3) == name and is_saved(tmp_path)
    assert read_config(tmp_path)["steps"] == 10
    mark_saved(tmp_path / "nowhere")


def test_a_config_with_the_old_length_is_that_of_a_longer_run(tmp_path):
    """Sampling and scoring compare a config that is given with the folder's."""
    of = lambda steps, length: {**CONFIG, "steps": steps, "optim": {"g": {"schedule": "linear", "steps": length}}}
    claim(tmp_path, of(20, 20), images=3)
    require_same(tmp_path, of(10, 10))
    with pytest.raises(ConfigError, match="seed: 0 there, 1 here"):
        require_same(tmp_path, {**of(10, 10), "seed": 1})


@pytest.mark.parametrize(
    "content", ["{}", '{"data": 5}', '{"steps": 3, "found": null}', '{"run": null}', '{"found": {"data": 5}}']
)
def test_a_file_that_no_run_writes_is_refused_by_its_name(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ConfigError, match="config.json is not what a run writes"):
        compared(tmp_path, {"steps": 3})

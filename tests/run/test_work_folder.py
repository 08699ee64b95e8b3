"""A work folder belongs to one config."""

import pytest

from gan_jax.run.work_folder import claim, has_run, read_config
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

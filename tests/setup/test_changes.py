"""What is typed for a setting becomes a value of its kind."""

import pytest
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from gan_jax.setup.changes import change, literal, split_values
from gan_jax.setup.config_files import ConfigError, load_config
from gan_jax.setup.setup import Setup


@pytest.mark.parametrize(
    ("present", "typed", "becomes"),
    [
        (3, "4", 4),
        (3.0, "4", 4.0),
        (True, "FALSE", False),
        ("word", "3", "3"),
        (placeholder(float), "1e-3", 1e-3),
        (placeholder(tuple), "glasses,beard", ("glasses", "beard")),
        ((8, 8, 1), "16,16,3", (16, 16, 3)),
        (((8, 8), (4, 4)), "((2,2),(1,1))", ((2, 2), (1, 1))),
        (("a",), "[a,b]", ("a", "b")),
        ({"schedule": "linear", "init_value": 1.0}, "2e-4", 2e-4),
        ({"type": "rotation.rotation"}, "None", None),
        (3, "None", None),
    ],
)
def test_a_text_is_read_as_the_kind_that_stands_there(present, typed, becomes):
    config = ConfigDict({"block": {"key": present}})
    change(config, "block.key", typed)
    found = config.block.key
    assert found == becomes and type(found) is type(becomes)


def test_an_objects_whole_number_may_become_another_number():
    config = ConfigDict({"r1": {"type": "gradient_penalty.r1", "gamma": 10}, "steps": 10})
    change(config, "r1.gamma", "0.5")
    assert config.r1.gamma == 0.5
    with pytest.raises(ConfigError, match="steps=0.5: a whole number is needed here"):
        change(config, "steps", "0.5")


def test_a_run_without_a_length_is_told_so():
    config = load_config("ssgan_digits")
    change(config, "steps", "None")
    with pytest.raises(ConfigError, match="steps"):
        Setup.of(config)


def test_brackets_keep_commas_together():
    assert split_values("1,(2,(3,4)),{'a': (5,6)}") == ["1", "(2,(3,4))", "{'a': (5,6)}"]
    assert [literal(each) for each in ("True", "false", "1e-3", "swd", "None")] == [True, False, 1e-3, "swd", None]

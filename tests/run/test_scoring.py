import pytest

from gan_jax.configs import sngan_digits
from gan_jax.run.scoring import Options, unknown_recipes
from gan_jax.setup.setup import Setup


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": 2**32}, "a seed is from 0 to 4294967295, got 4294967296"),
        ({"seed": -1}, "a seed is from 0"),
        ({"truncation": float("nan")}, "truncation is a number above 0, got nan"),
        ({"truncation": 0.0}, "truncation is a number above 0"),
        ({"truncation": float("inf")}, "truncation is a number above 0"),
        ({"batch_norm": "best"}, "batch_norm 'best' is not known"),
        ({"batch_size": 0}, "batch_size is 1 or more"),
    ],
)
def test_options_out_of_their_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Options(**settings)


def test_recipes_that_there_are_not_are_told_when_a_run_begins():
    config = sngan_digits.get_config()
    assert unknown_recipes(Setup.of(config)) == []
    config.evaluate.recipes, config.evaluate.during = ("swd", "fd_digit"), ("nope",)
    first, second = unknown_recipes(Setup.of(config))
    assert first.startswith("evaluate.recipes: there is no recipe 'fd_digit'")
    assert second.startswith("evaluate.during: there is no recipe 'nope'")

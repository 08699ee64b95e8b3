import pytest

from gan_jax.run.scoring import Options


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

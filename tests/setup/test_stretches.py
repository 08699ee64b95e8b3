"""Stretches that repeat, as WGAN's rounds of many critic updates do."""

import pytest

from gan_jax.game import images_before
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.stretches import stretches_of

BLOCKS = (
    {"rounds": 3, "d_steps": 7},
    {"rounds": 4},
    {"repeat": ({"rounds": 1, "d_steps": 7}, {"rounds": 2})},
)


def made(steps, blocks=BLOCKS):
    config = load_config("configs/base.py").to_dict()
    return stretches_of(config | {"steps": steps, "stretches": blocks, "d_steps": 5, "batch_size": 2})


@pytest.mark.parametrize(
    "steps, rounds",
    [
        (13, [(7, 3), (5, 4), (7, 1), (5, 2), (7, 1), (5, 2)]),
        (12, [(7, 3), (5, 4), (7, 1), (5, 2), (7, 1), (5, 1)]),
        (11, [(7, 3), (5, 4), (7, 1), (5, 2), (7, 1)]),
        (5, [(7, 3), (5, 2)]),
        (1, [(7, 1)]),
    ],
)
def test_they_end_where_the_steps_end(steps, rounds):
    stretches = made(steps)
    assert [(each.phase.d_steps, each.stop - each.start) for each in stretches] == rounds
    assert stretches[-1].stop == steps and len({each.phase for each in stretches}) <= 2
    assert images_before(stretches, steps) == 2 * sum(d_steps * n for d_steps, n in rounds)


@pytest.mark.parametrize(
    "blocks, says",
    [
        (({"repeat": ()},), "and nothing else"),
        (({"repeat": ({"rounds": 1},), "rounds": 3},), "and nothing else"),
        (({"repeat": ({"d_steps": 1},)},), "holds dicts of rounds"),
        (({"repeat": ({"rounds": 1, "batch_size": 3},)},), "holds dicts of rounds"),
        (({"repeat": ({"rounds": 0},)},), "repeat.rounds must be"),
        (({"d_steps": 2}, {"repeat": ({"rounds": 1},)}), r"stretches\[0\] needs rounds"),
        (({"repeat": ({"rounds": 1},)}, {"rounds": 3}), "unknown config key"),
    ],
)
def test_what_is_refused(blocks, says):
    with pytest.raises(ConfigError, match=says):
        made(9, blocks)

"""What falls on which step, and the lengths of dispatches between."""

import pytest

from gan_jax.run.timetable import Due, Timetable
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup


def table(together=10, **changes):
    steps = changes.pop("steps", 100)
    settings = {"borders": (steps,), "lines": 10, "pictures": 50, "checkpoints": 20} | changes
    return Timetable(**settings, rounds_a_dispatch=together)


def ends(timetable, step, until):
    """The steps that dispatches end at."""
    found = []
    for length in timetable.lengths(step, until):
        step += length
        found.append(step)
    return found


def test_what_falls_on_a_step():
    timetable = table(scores=30)
    assert timetable.due(20) == Due(picture=False, scores=False, checkpoint=True)
    assert timetable.due(50) == Due(picture=True, scores=False, checkpoint=False)
    assert timetable.due(60) == Due(picture=False, scores=True, checkpoint=True)
    assert table(steps=99).due(99) == Due(picture=True, scores=False, checkpoint=False)  # the end is seen
    assert not any(timetable.due(41))
    assert not table().due(30).scores
    assert [step for step in range(1, 36) if table(steps=35).writes(step)] == [10, 20, 30, 35]


def test_one_round_a_dispatch_is_one_round_a_dispatch():
    assert list(table(together=1).lengths(3, 11)) == [1] * 8


def test_dispatches_end_at_pictures_checkpoints_scores_and_the_end():
    assert ends(table(), 0, 100) == list(range(10, 101, 10))
    by_hand = [4, 5, 6, 7, 11, 12, 13, 14]  # of four rounds, with a checkpoint at every seventh
    assert ends(table(together=4, checkpoints=7), 0, 14) == by_hand
    assert ends(table(together=4, checkpoints=8, scores=6), 0, 16) == [4, 5, 6, 7, 8, 12, 16]
    assert ends(table(), 0, 13) == [10, 11, 12, 13]


@pytest.mark.parametrize("together", [1, 3, 4, 10, 64])
@pytest.mark.parametrize("intervals", [(50, 20, None), (7, 9, 5), (12, 12, 6), (1, 100, None)])
@pytest.mark.parametrize("start", [0, 13, 20])
def test_no_dispatch_crosses_a_stop_and_only_two_lengths_are_compiled(together, intervals, start):
    pictures, checkpoints, scores = intervals
    timetable = table(together, pictures=pictures, checkpoints=checkpoints, scores=scores)
    reached = ends(timetable, start, 97)
    assert reached == sorted(reached) and reached[-1] == 97
    wanted = {step for step in range(start + 1, 98) if any(timetable.due(step))}
    assert wanted <= set(reached)
    assert set(timetable.lengths(start, 97)) <= {1, timetable.together}


def test_a_run_that_goes_on_plays_the_dispatches_of_an_unbroken_one():
    unbroken = ends(table(), 0, 100)
    for start in (10, 40, 70):
        assert ends(table(), start, 100) == [step for step in unbroken if step > start]
    assert ends(table(), 0, 7) + ends(table(), 7, 100) == [
        *range(1, 11),
        *unbroken[1:],
    ]  # then single rounds, then as before


def test_no_more_rounds_than_lie_between_two_stops():
    assert table(together=64).together == 20
    assert table(together=64, scores=5).together == 5


def test_no_dispatch_crosses_the_end_of_a_stretch():
    """Lengths are counted anew from a border, and a border that falls on a stop is one stop."""
    assert ends(table(together=4, borders=(6, 15, 20), checkpoints=100), 0, 20) == [4, 5, 6, 10, 14, 15, 19, 20]
    unbroken = ends(table(together=4, borders=(6, 15, 20), checkpoints=100), 0, 20)
    for start in (4, 6, 10, 15, 19):
        assert ends(table(together=4, borders=(6, 15, 20), checkpoints=100), start, 20) == [
            s for s in unbroken if s > start
        ]
    assert ends(table(together=10, borders=(20, 40)), 0, 40) == [10, 20, 30, 40]


def test_a_setup_is_read_and_intervals_below_one_are_refused():
    config = load_config("configs/base.py").to_dict() | {"steps": 30, "rounds_a_dispatch": 5}
    config["log"] |= {"every": 1, "samples_every": 2}
    config["checkpoint"] |= {"every": 3}
    config["evaluate"] |= {"every": 4}
    assert Timetable.of(Setup.of(config)) == Timetable((30,), 1, 2, 3, 4, 5)
    parts = ({"rounds": 10, "d_steps": 2}, {})
    assert Timetable.of(Setup.of(config | {"stretches": parts})).borders == (10, 30)
    before = {key: value for key, value in config.items() if key not in ("rounds_a_dispatch", "evaluate")}
    assert Timetable.of(Setup.of(before)) == Timetable((30,), 1, 2, 3)  # a config from before there were such keys
    for block, name in (("log", "every"), ("log", "samples_every"), ("checkpoint", "every"), ("evaluate", "every")):
        with pytest.raises(ConfigError, match=f"{block}: {name} must be a whole number from 1 on, got 0"):
            Setup.of({**config, block: {**config[block], name: 0}})

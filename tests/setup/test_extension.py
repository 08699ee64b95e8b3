"""A run that is made longer: which numbers of its schedules follow its length, and what is asked about them."""

import pytest

from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.extension import aligned, at_rest, extended


def config(steps, name="ssgan_digits", **rates):
    made = load_config(name)
    made.steps = steps
    found = resolve(made)
    for key, value in rates.items():
        found["optim"]["generator"]["learning_rate"][key] = value
    return found


def lengths(config):
    return [config["optim"][player]["learning_rate"]["decay_steps"] for player in ("generator", "discriminator")]


def test_where_schedules_follow_the_length_it_is_asked_what_becomes_of_them():
    before, now = config(1000), config(2000)
    with pytest.raises(
        ConfigError,
        match=r"(?s)steps=1,000, here it has 2,000.*decay_steps: 1,000 there, 2,000 here.*"
        "--schedule=keep .*--schedule=stretch",
    ):
        extended(before, now, None)
    kept = extended(before, now, "keep")
    assert kept["steps"] == 2000 and lengths(kept) == [1000] * 2
    assert extended(before, now, "stretch") == now and lengths(now) == [2000] * 2
    assert lengths(before) == [1000] * 2  # as it was
    with pytest.raises(ConfigError, match="schedule is keep or stretch, not 'both'"):
        extended(before, now, "both")


def test_the_same_command_goes_on_after_either():
    kept = extended(config(1000), config(2000), "keep")
    assert extended(kept, config(2000), "keep") == kept
    assert extended(config(2000), config(2000), "stretch") == config(2000)
    assert extended(kept, kept, None) == kept  # the folder's own config
    with pytest.raises(ConfigError, match="Say which"):
        extended(kept, config(2000), None)
    assert extended(kept, config(2000), "stretch") == config(2000)
    assert lengths(extended(kept, config(3000), "keep")) == [1000] * 2


def test_nothing_is_asked_where_nothing_follows():
    flat = lambda steps: {**config(steps, "sngan_cifar10")}
    assert extended(flat(10), flat(20), None) == flat(20)
    fixed = lambda steps: {**config(1000), "steps": steps}
    assert extended(fixed(1000), fixed(2000), None) == fixed(2000)


def test_what_differs_for_another_reason_is_left_to_differ():
    before, now = config(1000), config(2000, init_value=5e-4)
    assert extended(before, now, "keep")["optim"]["generator"]["learning_rate"]["init_value"] == 5e-4
    there = aligned(before, now)
    assert lengths(there) == lengths(now)
    assert there["optim"]["generator"]["learning_rate"]["init_value"] == 2e-3
    changed = config(2000, decay_steps=1700)
    assert aligned(before, changed)["optim"]["generator"]["learning_rate"]["decay_steps"] == 1000


def test_players_that_learn_nothing_more_are_found():
    kept = extended(config(1000), config(2000), "keep")
    assert at_rest(kept, 999, 64) == [] and sorted(at_rest(kept, 1000, 64)) == ["discriminator", "generator"]
    assert at_rest(config(2000), 1000, 64) == []
    assert at_rest(config(2000), 2000, 64) == []  # nothing remains
    assert at_rest(config(10, "sngan_cifar10"), 0, 64) == []
    warm = config(1000)
    warm["optim"]["generator"]["learning_rate"] = {
        "schedule": "linear",
        "init_value": 0.0,
        "end_value": 1e-3,
        "transition_steps": 500,
    }
    assert at_rest(warm, 0, 64) == []

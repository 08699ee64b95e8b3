"""A range of rounds becomes a trace, of whole dispatches."""

import jax
import jax.numpy as jnp
import pytest

from gan_jax.runtime.profile import Profile, parse_rounds


@pytest.fixture
def profiler(monkeypatch):
    """Stands in for JAX's profiler, which can be tested once: what was called, with the step it was called at."""
    calls = []
    monkeypatch.setattr(jax.profiler, "start_trace", lambda directory: calls.append(("start", directory)))
    monkeypatch.setattr(jax.profiler, "stop_trace", lambda: calls.append("stop"))
    return calls


def play(profile, dispatches, step=0):
    """Steps at which a trace began and ended."""
    state, ends = jnp.zeros(()), []
    with profile:
        for length in dispatches:
            profile.before(step, length, state)
            step += length
            if profile.after(step, state):
                ends.append(step)
    return ends


def test_a_range_is_read():
    assert parse_rounds("10:20") == (10, 20)
    assert parse_rounds("0:1") == (0, 1)


@pytest.mark.parametrize("text", ["x", "", "10", "10:", ":20", "10:20:30", "-1:5", "1.5:3", "a:b", "10-20"])
def test_what_is_no_range_is_said(text):
    with pytest.raises(ValueError, match="takes a range of rounds, such as --profile=10:20"):
        parse_rounds(text)


@pytest.mark.parametrize("text", ["20:10", "10:10"])
def test_a_range_must_not_end_before_it_begins(text):
    with pytest.raises(ValueError, match=f"--profile={text} ends before it begins"):
        parse_rounds(text)


@pytest.mark.parametrize(
    ("rounds", "step", "lengths", "traced"),
    [
        ((2, 4), 0, [1] * 6, (2, 4)),
        ((0, 3), 0, [1] * 6, (0, 3)),
        ((5, 12), 0, [4] * 5, (4, 12)),  # outward to whole dispatches
        ((5, 13), 0, [4] * 5, (4, 16)),
        ((5, 6), 0, [10], (0, 10)),
        ((2, 9), 5, [1] * 6, (5, 9)),  # resumed inside the range
        ((2, 9), 0, [1] * 4, (2, 4)),  # stopped inside it
    ],
)
def test_whole_dispatches_are_traced(profiler, capsys, tmp_path, rounds, step, lengths, traced):
    ended = play(Profile(rounds, tmp_path, steps=100), lengths, step)
    assert profiler == [("start", tmp_path), "stop"]
    told = capsys.readouterr().out
    assert told.startswith(f"trace of rounds {traced[0]} to {traced[1]}: {tmp_path}; open its newest")
    assert "https://ui.perfetto.dev" in told and told.count("\n") == 1
    assert ended == ([traced[1]] if traced[1] >= rounds[1] else [])  # one that was cut off is ended by the context


def test_a_range_that_is_over_is_told_once(profiler, capsys, tmp_path):
    play(Profile((2, 4), tmp_path, steps=100), [1] * 3, step=4)
    assert profiler == []
    assert capsys.readouterr().out == "--profile=2:4: the run is at round 4 already, so no trace is taken\n"


def test_nothing_is_traced_or_said_unless_it_is_asked_for(profiler, capsys, tmp_path):
    play(Profile(None, tmp_path, steps=100), [1] * 3)
    play(Profile((50, 60), tmp_path, steps=100), [1] * 3)  # the run is stopped before
    assert profiler == [] and capsys.readouterr().out == ""


def test_a_range_behind_the_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--profile=100:120 begins behind the run's last round, 100"):
        Profile((100, 120), tmp_path, steps=100)


def test_the_trace_is_a_file_that_is_not_empty(tmp_path):
    assert play(Profile((1, 2), tmp_path, steps=3), [1] * 3) == [2]
    files = list(tmp_path.rglob("*.trace.json.gz")) + list(tmp_path.rglob("*.xplane.pb"))
    assert len(files) == 2 and all(file.stat().st_size > 0 for file in files)

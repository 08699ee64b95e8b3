"""How a run is cut: counts on the host against brute force, and the same inside of a program."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import game
from gan_jax.game import Phase, Stretch
from gan_jax.types import Clock

SMALL, LARGE = Phase((4, 4, 1), 8, 2, 1), Phase((8, 8, 1), 6, 1, 3)
# Four stretches, two of which fade; a resolution's two are of one phase.
GROWING = (
    Stretch(SMALL, 0, 3),
    Stretch(LARGE, 3, 7, fade=True, reset=("generator",)),
    Stretch(LARGE, 7, 8, fade=True, reset=("discriminator", "generator")),
    Stretch(SMALL, 8, 12),
)


def random_stretches(seed):
    rng, start, made = np.random.default_rng(seed), 0, []
    for _ in range(rng.integers(1, 7)):
        batch, of_d, of_g, rounds = (int(n) for n in rng.integers(1, 6, 4))
        made.append(Stretch(Phase((4,), batch, of_d, of_g), start, start + rounds, fade=bool(rng.integers(2))))
        start += rounds
    return tuple(made)


def played(stretches):
    """The stretch of each round."""
    return [each for each in stretches for _ in range(each.start, each.stop)]


RUNS = [GROWING, *(random_stretches(seed) for seed in range(12))]


# --- stretches


def test_stretches_that_follow_each_other_are_taken():
    for stretches in RUNS:
        game.check_stretches(stretches)


@pytest.mark.parametrize(
    "borders, message",
    [
        ([], "a run needs a stretch or more"),
        ([(1, 5)], "stretch 0 leaves a gap: it starts at round 1, and 0 are played before it"),
        ([(0, 5), (6, 8)], "stretch 1 leaves a gap: it starts at round 6, and 5 are played before it"),
        ([(0, 5), (4, 8)], "stretch 1 overlaps the one before: it starts at round 4, and 5 are played before it"),
        ([(0, 5), (5, 5)], "stretch 1 has no round: it goes from 5 to 5"),
        ([(0, 0)], "stretch 0 has no round: it goes from 0 to 0"),
        ([(0, 5), (5, 4)], "stretch 1 has no round: it goes from 5 to 4"),
    ],
)
def test_stretches_that_are_refused(borders, message):
    with pytest.raises(ValueError, match=message):
        game.check_stretches([Stretch(SMALL, *each) for each in borders])


def test_the_stretch_of_a_round_and_of_a_state():
    """Round 3 is the second stretch's first; the state after 3 rounds is still the first's."""
    of_round = [game.stretch_index(GROWING, round) for round in range(14)]
    assert of_round == [0, 0, 0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3]
    after = [GROWING.index(game.stretch_after(GROWING, step)) for step in range(14)]
    assert after == [0, *of_round[:-1]]


# --- counts


@pytest.mark.parametrize("stretches", RUNS)
def test_counts_are_sums_over_the_rounds(stretches):
    rounds = played(stretches)
    for step in range(len(rounds) + 3):
        before = [each.phase for each in rounds[:step]]
        assert game.images_before(stretches, step) == sum(p.batch_size * p.d_steps for p in before)
        assert game.updates_before(stretches, step) == sum(p.d_steps for p in before)
        assert game.updates_before(stretches, step, "g_steps") == sum(p.g_steps for p in before)
        work = [p.batch_size * (p.d_steps + p.g_steps) * math.prod(p.shape[:-1]) ** 0.5 for p in before]
        assert game.work_before(stretches, step) == pytest.approx(sum(work))


@pytest.mark.parametrize("kind", [int, np.int32])
def test_images_beyond_int32(kind):
    """Whatever integers a config brings."""
    phase = Phase((kind(4), kind(4)), kind(2048), d_steps=kind(2))
    stretches = (Stretch(phase, 0, 400_000), Stretch(SMALL, 400_000, 1_000_000))
    assert game.images_before(stretches, 400_000) == 4096 * 400_000 + 0
    assert game.images_before((Stretch(phase, 0, 10**6),), 10**6) == 4_096_000_000 > 2**31
    assert game.images_before(stretches, 10**7) == 4096 * 400_000 + 16 * 600_000
    seen = game.clock((Stretch(phase, 0, 10**6),), jnp.int32(10**6))
    np.testing.assert_allclose(seen.kimg, 4_096_000, rtol=1e-6)


@pytest.mark.parametrize("stretches", RUNS)
def test_traced_counts_are_those_of_the_host(stretches):
    """At every round: first, last, at each border, and inside; in the last, they are those of the round to come."""
    n = len(played(stretches))

    @jax.jit
    def traced(step):
        counts = [game.updates(stretches, step, kind) for kind in ("d_steps", "g_steps")]
        return game.clock(stretches, step), counts

    for step in range(n):
        (round, kimg), (of_d, of_g) = traced(jnp.int32(step))
        assert int(round) == step and kimg.dtype == jnp.float32
        np.testing.assert_allclose(kimg, game.images_before(stretches, step) / 1000, rtol=1e-6)
        assert (of_d.dtype, of_g.dtype) == (jnp.int32, jnp.int32)
        assert int(of_d) == game.updates_before(stretches, step)
        assert int(of_g) == game.updates_before(stretches, step, "g_steps")
    assert isinstance(game.clock(stretches, jnp.int32(0)), Clock)


# --- fades


@pytest.mark.parametrize("stretches", RUNS)
def test_fades_by_hand(stretches):
    rounds = played(stretches)
    fade = jax.jit(lambda step: (game.fade(stretches, step), game.fade(stretches, step, after=True)))
    share = lambda step, each: np.float32(step - each.start) / np.float32(each.stop - each.start) if each.fade else 1.0
    for step, each in enumerate(rounds):
        now, after = fade(jnp.int32(step))
        last = rounds[max(step - 1, 0)]
        np.testing.assert_allclose([now, after], [share(step, each), share(step, last)], rtol=1e-6)
        assert now.shape == after.shape == () and now.dtype == after.dtype == jnp.float32


def test_after_the_last_round_of_a_fade_it_is_one():
    """Even where the next stretch fades again, from 0."""
    at = lambda step, after: float(game.fade(GROWING, jnp.int32(step), after))
    assert [at(step, False) for step in (2, 3, 5, 7, 8, 11, 12, 50)] == [1, 0, 0.5, 0, 1, 1, 1, 1]
    assert [at(step, True) for step in (3, 4, 5, 7, 8, 9, 12, 50)] == [1, 0.25, 0.5, 1, 1, 1, 1, 1]
    fading = (Stretch(SMALL, 0, 4, fade=True),)
    assert [float(game.fade(fading, jnp.int32(step))) for step in (0, 3, 4, 9)] == [0, 0.75, 1, 1]
    assert float(game.fade(fading, jnp.int32(0), after=True)) == 0
    assert float(game.fade((Stretch(SMALL, 0, 4),), jnp.int32(2))) == 1


# --- optimisers that begin anew


def test_whose_optimiser_begins_anew_and_when():
    found = lambda name: [bool(game.begins_anew(GROWING, jnp.int32(step), name)) for step in range(13)]
    assert [step for step, anew in enumerate(found("generator")) if anew] == [3, 7]
    assert [step for step, anew in enumerate(found("discriminator")) if anew] == [7]
    assert game.begins_anew(GROWING, jnp.int32(3), "head") is None
    first = (Stretch(SMALL, 0, 3, reset=("generator",)),)  # at round 0 all is new
    assert game.begins_anew(first, jnp.int32(0), "generator") is None


# --- phases


def test_equal_phases_are_one():
    """However they were written: programs are kept by phase."""
    written = [Phase((4, 4, 1), 8, 2, 1), Phase([4, 4, 1], np.int64(8), d_steps=2), Phase(np.array([4, 4, 1]), 8, 2)]
    assert len({SMALL, *written}) == 1 and len({SMALL, LARGE}) == 2
    assert SMALL.images_a_round == 16 and LARGE.images_a_round == 6


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"batch_size": 0}, "batch_size must be a whole number from 1 on, got 0"),
        ({"batch_size": 2.0}, "batch_size must be a whole number from 1 on, got 2.0"),
        ({"d_steps": 0}, "d_steps must be a whole number from 1 on, got 0"),
        ({"g_steps": -1}, "g_steps must be a whole number from 1 on, got -1"),
        ({"g_steps": True}, "g_steps must be a whole number from 1 on, got True"),
        ({"shape": ()}, r"such as \(32, 32, 3\), not \(\)"),
        ({"shape": (4, 0, 1)}, r"such as \(32, 32, 3\), not \(4, 0, 1\)"),
        ({"shape": (4.5, 4, 1)}, r"such as \(32, 32, 3\), not \(4.5, 4, 1\)"),
    ],
)
def test_what_phases_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Phase(**({"shape": (4, 4, 1), "batch_size": 8} | changes))

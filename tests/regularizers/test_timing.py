"""When wrapped regularisers play, and what they leave behind when they do not."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.base import Nothing
from gan_jax.regularizers.latent_transform import latent_transform
from gan_jax.regularizers.rotation import rotation
from gan_jax.regularizers.timing import after, every, from_height
from gan_jax.types import Term, Verdict

PLAYERS = ["discriminator", "generator"]


@dataclasses.dataclass(frozen=True)
class Counting(Nothing):
    """A loss of 2 for D and 5 for G, how often it has played in its memory, and a tally outside of the program."""

    tally: list = dataclasses.field(default_factory=list)

    def init(self):
        return {"played": jnp.int32(0)}

    def discriminator(self, play, memory):
        return self._term(2.0, play, memory)

    def generator(self, play, memory):
        return self._term(5.0, play, memory)

    def _term(self, loss, play, memory):
        jax.debug.callback(lambda update: self.tally.append(int(update)), play.update)
        return Term(jnp.float32(loss), {"played": memory["played"] + 1}, {"loudness": jnp.float32(7)})


@pytest.fixture
def run(make_play):
    """The terms of six updates of a player, by scan inside jit: losses, memories, metrics, each [6]."""
    points = np.zeros((4, 2))
    play = make_play(lambda x, label=None: Verdict(x[:, 0], {}), points, points)

    def of(regularizer, player, rounds=tuple(range(6))):
        def update(memory, now):
            seen = dataclasses.replace(play, clock=play.clock._replace(round=now[0]), update=now[1])
            term = getattr(regularizer, player)(seen, memory)
            return term.memory, (term.loss, term.memory["played"], term.metrics["loudness"])

        _, seen = jax.jit(lambda now: jax.lax.scan(update, regularizer.init(), now))(
            (jnp.asarray(rounds), jnp.arange(6))
        )
        jax.effects_barrier()
        return [np.asarray(leaf).tolist() for leaf in seen]

    return of


@pytest.mark.parametrize("player, loss", [("discriminator", 2.0), ("generator", 5.0)])
def test_every_third_update_at_three_times_the_loss(run, player, loss):
    inner = Counting()
    losses, played, loudness = run(every(3, inner), player)
    assert losses == [3 * loss, 0, 0, 3 * loss, 0, 0]
    assert np.mean(losses) == loss  # what it is on the average, it keeps
    assert played == [1, 1, 1, 2, 2, 2]  # the memory of a resting regulariser stays
    assert loudness == [7, 0, 0, 7, 0, 0]  # metrics are not scaled
    assert inner.tally == [0, 3]  # the other updates did not compute it


def test_every_update_is_no_change(run):
    assert run(every(1, Counting()), "discriminator") == run(Counting(), "discriminator")


@pytest.mark.parametrize("player, loss", [("discriminator", 2.0), ("generator", 5.0)])
def test_after_some_rounds(run, player, loss):
    """Counted in rounds, not updates: here two updates a round."""
    inner = Counting()
    losses, played, _ = run(after(2, inner), player, rounds=(0, 0, 1, 1, 2, 2))
    assert losses == [0, 0, 0, 0, loss, loss] and played == [0, 0, 0, 0, 1, 2]
    assert inner.tally == [4, 5]


def test_wrappers_wrap_each_other(run):
    inner = Counting()
    losses, played, _ = run(after(3, every(2, inner)), "discriminator")
    assert losses == [0, 0, 0, 0, 4, 0] and played == [0, 0, 0, 0, 1, 1] and inner.tally == [4]
    assert run(every(2, after(3, Counting())), "discriminator")[0] == losses


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize(
    "make, plays",
    [
        (lambda inner: every(3, inner), [0, 3]),
        (lambda inner: after(2, inner), [2, 3, 4, 5]),
        (lambda inner: after(2, every(2, inner)), [2, 4]),
        (lambda inner: every(2, after(2, inner)), [2, 4]),
        (lambda inner: every(1, inner), range(6)),
    ],
)
def test_heads_rest_while_it_does_not_play(make_play, player, make, plays):
    """And where what is wrapped says so itself: here at update 4."""

    @dataclasses.dataclass(frozen=True)
    class Resting(Nothing):
        says: bool

        def discriminator(self, play, memory):
            return Term(jnp.float32(1), memory, rests=play.update == 4 if self.says else None)

        generator = discriminator

    points = np.zeros((4, 2))
    play = make_play(lambda x, label=None: Verdict(x[:, 0], {}), points, points)
    for says in (False, True):
        term = jax.jit(
            lambda n, says=says: getattr(make(Resting(says)), player)(
                dataclasses.replace(play, clock=play.clock._replace(round=n), update=n), ()
            )
        )
        found = [bool(term(jnp.int32(n)).rests) for n in range(6)]
        assert found == [n not in plays or (says and n == 4) for n in range(6)]


def test_measures_are_seen_through_wrappers():
    task = latent_transform(1.0, 0.3, "pooled")
    (name, (measure, settings)), *others = after(3, every(2, task)).measures().items()
    assert name == "latent_transform" and settings == {"sigma_eps": 0.3} and not others
    assert measure == task.measures()["latent_transform"][0]
    again = latent_transform(1.0, 0.3, "pooled").measures()["latent_transform"][0]
    assert measure == again and hash(measure) == hash(again)  # so that runs of one config share a program
    assert Nothing().measures() == every(2, Counting()).measures() == {}


def test_without_jit_too(make_play):
    points = np.zeros((4, 2))
    play = make_play(lambda x, label=None: Verdict(x[:, 0], {}), points, points, round=1, update=1)
    for wrapper in (every(2, Counting()), after(2, Counting())):
        term = wrapper.discriminator(play, {"played": jnp.int32(9)})
        assert float(term.loss) == 0 and int(term.memory["played"]) == 9


@pytest.mark.parametrize("wrapper", [every, after])
def test_heads_and_memory_are_those_of_what_is_wrapped(wrapper):
    wrapped = wrapper(4, rotation())
    assert wrapped.heads().keys() == rotation().heads().keys() and wrapped.heads()["rotation"].player == "discriminator"
    assert wrapper(4, Counting()).init() == {"played": 0}


@pytest.mark.parametrize("wrapper", [every, after])
@pytest.mark.parametrize("n", [0, -1])
def test_numbers_start_at_one(wrapper, n):
    with pytest.raises(ValueError, match=f"n must be a whole number from 1 on, got {n}"):
        wrapper(n, Counting())


@pytest.mark.parametrize("player", PLAYERS)
def test_nothing_adds_nothing(make_play, player):
    points = np.zeros((4, 2))
    term = getattr(Nothing(), player)(make_play(lambda x, label=None: Verdict(x[:, 0], {}), points, points), (3,))
    assert float(term.loss) == 0 and term.memory == (3,) and not term.metrics
    assert Nothing().heads() == {} and Nothing().init() == ()


def test_from_height_plays_where_images_are_high_enough(make_play):
    """Where they are not, the task is not even traced: its tap may not exist there."""

    class Task:
        def heads(self):
            return {}

        def discriminator(self, play, memory):
            assert play.real["image"].shape[1] >= 4
            return Term(jnp.float32(3.0), memory + 1)

    judge = lambda x, label=None: Verdict(jnp.sum(x, (1, 2, 3)), {})
    wrapped = from_height(4, Task())
    term = {}
    for side in (2, 4, 8):
        images = np.zeros((2, side, side, 1), np.float32)
        term[side] = wrapped.discriminator(make_play(judge, images, images), jnp.float32(5.0))
    assert (term[2].loss, term[2].memory, bool(term[2].rests)) == (0, 5, True)
    assert (
        (term[4].loss, term[4].memory, term[4].rests) == (3, 6, None) == (term[8].loss, term[8].memory, term[8].rests)
    )

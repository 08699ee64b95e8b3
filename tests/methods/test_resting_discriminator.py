"""A discriminator that is ahead rests whole, and is woken by its own accuracy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses
from gan_jax.architectures import gan3d

SHAPE = (4, 4, 4, 1)


def logits(real, fake):
    return jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32)


def test_it_rests_after_a_batch_of_which_it_told_more_right():
    """Of 8 real and 4 fake: 6/8 and 4/4 right are 0.875, 5/8 and 3/4 are 0.6875."""
    loss = losses.resting(losses.non_saturating(), above=0.8)
    memory = loss.init()
    ahead = logits([1] * 6 + [-1] * 2, [-1] * 4)
    behind = logits([1] * 5 + [-1] * 3, [-1] * 3 + [1])
    first = loss.discriminator(*ahead, memory)
    assert not first.rests and float(first.memory["accuracy"]) == 0.875 and float(first.metrics["rests"]) == 0
    second = loss.discriminator(*behind, first.memory)
    assert second.rests and float(second.memory["accuracy"]) == 0.6875  # taken while it rests
    third = loss.discriminator(*ahead, second.memory)
    assert not third.rests
    plain = losses.non_saturating()
    assert third.loss == plain.discriminator(*ahead, ()).loss
    term = loss.generator(*ahead, third.memory)
    assert term.loss == plain.generator(*ahead, ()).loss and term.rests is None and term.memory == third.memory
    exactly = loss.discriminator(*logits([1] * 8 + [-1] * 2, [-1] * 8 + [1] * 2), third.memory)
    assert not loss.discriminator(*ahead, exactly.memory).rests  # at most 0.8, so 0.8 plays


@pytest.mark.parametrize("above", [-0.1, 1.0, True, float("nan")])
def test_what_is_no_share(above):
    with pytest.raises(ValueError, match="from 0 to below 1"):
        losses.resting(losses.hinge(), above=above)


def of_kind(kind):
    return lambda net: net.stats[kind]


def test_all_of_it_rests(make_game, compiled):
    """Parameters, Adam's count and moments, batch statistics, spectral vectors; the generator goes on."""
    from gan_jax import optim

    adams = {name: optim.adam(1e-2) for name in ("generator", "discriminator")}
    game = make_game(
        shape=SHAPE,
        generator=gan3d.Generator(SHAPE, (3,)),
        discriminator=gan3d.Discriminator(SHAPE, (3,), scheme="spectral"),
        loss=losses.resting(losses.non_saturating(), above=0.3),
        optimizers=adams,
    )
    phase = game.stretches[0].phase
    real = np.random.default_rng(0).uniform(0, 1, (1, 8, *SHAPE)).astype(np.float32)
    step = compiled(lambda state, batch: game.step(state, batch, phase))
    states, metrics = [game.init(jax.random.key(0))], []
    for accuracy in (0.25, 0.9):  # of the batch before
        memory = {"loss": {**states[-1].memory["loss"], "accuracy": jnp.float32(accuracy)}}
        state, seen = step(states[-1].replace(memory=memory), {"image": jnp.asarray(real)})
        states.append(state)
        metrics.append(seen)
    same = lambda one, other: jax.tree.leaves(jax.tree.map(lambda a, b: np.array_equal(a, b), one, other))
    of = lambda i, name: states[i].networks[name]
    assert [float(seen["d/rests"]) for seen in metrics] == [0, 1]
    assert all(same(of(1, "discriminator"), of(2, "discriminator")))
    for part in (lambda net: net.params, lambda net: net.opt_state, *map(of_kind, ("batch_stats", "spectral"))):
        assert not all(same(part(of(0, "discriminator")), part(of(1, "discriminator"))))
    assert not any(same(of(1, "generator").params, of(2, "generator").params))
    assert 0 <= float(states[2].memory["loss"]["accuracy"]) <= 1

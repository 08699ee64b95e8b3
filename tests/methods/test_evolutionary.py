"""E-GAN's rounds beside a re-enactment in numpy, and what it refuses."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AbstractMesh

from gan_jax import latents, losses, optim
from gan_jax.architectures import mlp
from gan_jax.architectures.packed import Packed
from gan_jax.game import Phase, Stretch
from gan_jax.methods.evolution import MUTATIONS, fitness, fittest, over_members
from gan_jax.methods.evolutionary import Evolutionary
from gan_jax.optim import Ema
from gan_jax.regularizers.consistency import latent_consistency
from gan_jax.regularizers.gradient_penalty import gradient_penalty
from gan_jax.regularizers.rotation import rotation
from gan_jax.regularizers.timing import every
from gan_jax.types import named_key

SHAPE, B, RATE_G, RATE_D, MOMENTUM = (3,), 4, 0.5, 0.3, 0.9


def made(shape=SHAPE, batch_size=B, d_steps=2, g_steps=1, rounds=100, **changes):
    """A population on linear networks, so that numpy's gradients are a line each."""
    settings = {
        "generator": mlp.Generator(shape, ()),
        "discriminator": mlp.Discriminator(shape, ()),
        "loss": losses.non_saturating(),
        "optimizers": {"generator": optim.sgd(RATE_G, MOMENTUM), "discriminator": optim.sgd(RATE_D)},
        "stretches": (Stretch(Phase(shape, batch_size, d_steps, g_steps), 0, rounds),),
        "latents": latents.uniform(2),
        "survivors": 2,
        "gamma": 0.3,
        "evaluated": 6,
    }
    return Evolutionary(**(settings | changes))


def batches(game, n):
    rng, phase = np.random.default_rng(1), game.stretches[0].phase
    shape = (phase.d_steps, phase.batch_size, *phase.shape)
    return [{game.judged: jnp.asarray(rng.normal(1, 1, shape), jnp.float32)} for _ in range(n)]


@pytest.fixture(scope="module")
def play(compiled):
    def play(game, n):
        step = compiled(functools.partial(game.step, phase=game.stretches[0].phase))
        states, metrics = [game.init(jax.random.key(0))], []
        for batch in batches(game, n):
            state, of_round = step(states[-1], batch)
            states.append(state)
            metrics.append({name: float(value) for name, value in of_round.items()})
        return states, metrics

    return play


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


SLOPES = {  # d loss / d logit of each mutation, by hand
    "minimax": lambda fake: -sigmoid(fake) / len(fake),
    "heuristic": lambda fake: -sigmoid(-fake) / len(fake),
    "least_squares": lambda fake: 2 * (sigmoid(fake) - 1) * sigmoid(fake) * (1 - sigmoid(fake)) / len(fake),
}


def slopes_of_d(w, b, real, fake):
    on_real, on_fake = -sigmoid(-(real @ w + b)) / len(real), sigmoid(fake @ w + b) / len(fake)
    return real.T @ on_real + fake.T @ on_fake, on_real.sum() + on_fake.sum()


@pytest.mark.parametrize("g_steps", [1, 2])
def test_rounds_are_these_equations(play, g_steps):
    """Mutation, evaluation, the authors' running selection, and D on the survivors' own images, with momentum that follows."""
    game = made(g_steps=g_steps)
    states, metrics = play(game, 3)
    g, d = (jax.device_get(states[0].networks[name].params) for name in ("generator", "discriminator"))
    parents = [
        (
            [g["output"]["kernel"][i].astype(float), g["output"]["bias"][i].astype(float)],
            [np.zeros((2, 3)), np.zeros(3)],
        )
        for i in range(2)
    ]
    w, b = d["head"]["kernel"][:, 0].astype(float), float(d["head"]["bias"][0])
    draw = lambda key, n: np.asarray(game.latents.draw(named_key(key, "latents"), n), float)
    for t, batch in enumerate(batches(game, 3)):
        real = np.asarray(batch["image"], float)
        key = jax.random.fold_in(jax.random.key(0), t)
        beside = np.moveaxis(real, 0, 1).reshape(-1, 3)[:6]
        kept = []  # (fitness, weights, momentum, images, mutation)
        for number in range(6):
            parent, kind = divmod(number, 3)
            weights, momentum = parents[parent]
            own = jax.random.fold_in(named_key(key, "child"), number)
            for i in range(g_steps):
                z = draw(jax.random.fold_in(named_key(own, "mutation"), i), B)
                slope = SLOPES[list(SLOPES)[kind]]((z @ weights[0] + weights[1]) @ w + b)[:, None] * w
                momentum = [g + MOMENTUM * m for g, m in zip((z.T @ slope, slope.sum(0)), momentum, strict=True)]
                weights = [p - RATE_G * m for p, m in zip(weights, momentum, strict=True)]
            made_of = draw(named_key(own, "evaluation"), 6)
            images = made_of @ weights[0] + weights[1]
            of_w, of_b = slopes_of_d(w, b, beside, images)
            fit = sigmoid(images @ w + b).mean() - 0.3 * np.log(np.sqrt((of_w**2).sum() + of_b**2))
            child = (fit, weights, momentum, images, kind)
            if len(kept) < 2:
                kept.append(child)
            elif fit > min(each[0] for each in kept):
                kept[int(np.argmin([each[0] for each in kept]))] = child
        kept.sort(key=lambda each: -each[0])
        parents = [(each[1], each[2]) for each in kept]
        order = np.asarray(jax.random.permutation(named_key(key, "shuffle"), 12))[:8]
        fakes = np.concatenate([each[3] for each in kept])[order].reshape(2, B, 3)
        for x, fake in zip(real, fakes, strict=True):
            of_w, of_b = slopes_of_d(w, b, x, fake)
            w, b = w - RATE_D * of_w, b - RATE_D * of_b
        after = states[t + 1].networks
        for i, (weights, momentum) in enumerate(parents):
            np.testing.assert_allclose(after["generator"].params["output"]["kernel"][i], weights[0], atol=1e-5)
            np.testing.assert_allclose(after["generator"].params["output"]["bias"][i], weights[1], atol=1e-5)
            trace = [leaf[i] for leaf in jax.tree.leaves(after["generator"].opt_state) if leaf.ndim > 2]
            np.testing.assert_allclose(trace[0], momentum[0], atol=1e-5)
        np.testing.assert_allclose(after["discriminator"].params["head"]["kernel"][:, 0], w, atol=1e-5)
        assert metrics[t]["g/fitness"] == pytest.approx(kept[0][0], abs=1e-5)
        assert metrics[t]["g/least_fitness"] == pytest.approx(kept[1][0], abs=1e-5)
        for i, name in enumerate(SLOPES):
            assert metrics[t][f"g/won_{name}"] == sum(each[4] == i for each in kept) / 2


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_of_mutations(name):
    fake = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(jax.grad(MUTATIONS[name])(jnp.asarray(fake, jnp.float32)), SLOPES[name](fake), atol=1e-6)


def test_fitness_by_hand():
    """And the Theano code's: beta * log of the sum of squares, taken off, is gamma = 2 beta."""
    slopes = {"a": jnp.asarray([3.0]), "b": jnp.asarray([[4.0]])}
    found = fitness(jnp.asarray([0.0, np.log(3.0)]), slopes, 0.2)
    np.testing.assert_allclose(found, [0.625 - 0.2 * np.log(5), 0.625, -np.log(5)], rtol=1e-6)
    assert float(found[0]) == pytest.approx(0.625 - 0.1 * np.log(25), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_fittest_are_those_of_a_running_selection(seed):
    fit = np.random.default_rng(seed).normal(size=12).astype(np.float32)
    kept = list(range(4))
    for i in range(4, 12):
        weakest = int(np.argmin(fit[kept]))
        if fit[i] > fit[kept[weakest]]:
            kept[weakest] = i
    chosen = np.asarray(fittest(jnp.asarray(fit), 4))
    assert set(chosen) == set(kept) and list(fit[chosen]) == sorted(fit[chosen], reverse=True)


def test_a_child_that_is_not_finite_dies():
    assert list(fittest(jnp.asarray([np.nan, 0.1, np.inf, -5.0]), 2)) == [1, 3]


def test_members_in_turn_and_at_once_are_alike():
    function = lambda x, y: (jnp.sin(x) @ y, {"sum": jnp.sum(x)})
    members = jnp.arange(12.0).reshape(3, 2, 2), jnp.ones((3, 2))
    one, other = over_members(function, *members), jax.vmap(function)(*members)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_averages_follow_their_survivors_and_samplers_are_of_the_fittest(play):
    game = made(ema=Ema(0.5), survivors=3, evaluated=8)
    states, _ = play(game, 2)
    network = states[-1].networks["generator"]
    phase = game.stretches[0].phase
    samplers = game.samplers(states[-1], phase)
    assert list(samplers) == ["image", "survivor_2", "survivor_3"]
    for i, sampler in enumerate(samplers.values()):
        starts = sampler.starts(jax.random.key(1), jnp.arange(4))
        kernel, bias = (network.ema["params"]["output"][leaf][i] for leaf in ("kernel", "bias"))
        np.testing.assert_allclose(
            sampler.synthesize(sampler.map(starts))[0], starts["z"] @ kernel + bias.reshape(1, -1), rtol=1e-5
        )
    raw = game.samplers(states[-1], phase, average=False)["image"]
    np.testing.assert_array_equal(raw.variables["params"]["output"]["kernel"], network.params["output"]["kernel"][0])
    first = states[0].networks["generator"].params["output"]["kernel"]
    assert not np.allclose(first[0], first[1])  # each member begins with weights of its own


def test_optimisers_begin_anew_member_by_member(play):
    phase = Phase(SHAPE, B, 2)
    stretches = (Stretch(phase, 0, 2), Stretch(phase, 2, 9, reset=("generator",)))
    optimizers = {"generator": optim.adam(), "discriminator": optim.sgd(RATE_D)}
    states, _ = play(made(stretches=stretches, optimizers=optimizers, g_steps=1), 3)
    counts = [state.networks["generator"].opt_state[0].count.tolist() for state in states]
    assert counts == [[0, 0], [1, 1], [2, 2], [1, 1]]


def test_penalties_packs_and_labels_play(compiled):
    """Shapes alone: a gradient penalty now and then, packs of 2, classes."""
    penalty = {"penalty": every(2, gradient_penalty(2.0))}
    packed = Packed(mlp.Discriminator(SHAPE, (4,)), 2, SHAPE)
    of_classes = mlp.Generator(SHAPE, (4,), 3), mlp.Discriminator(SHAPE, (4,), num_classes=3)
    classed = {"num_classes": 3, **dict(zip(("generator", "discriminator"), of_classes, strict=True))}
    for changes in ({"regularizers": penalty}, {"discriminator": packed, "regularizers": penalty}, classed):
        game = made(**changes)
        state = jax.eval_shape(game.init, jax.random.key(0))
        batch = game.batch(game.stretches[0].phase)
        after, metrics = jax.eval_shape(functools.partial(game.step, phase=game.stretches[0].phase), state, batch)
        assert jax.tree.structure(after) == jax.tree.structure(state)
        assert ("d/gradient_penalty" in metrics) == ("regularizers" in changes)
        assert game.measures(state, game.stretches[0].phase) == {}
        assert list(game.observers(state, game.stretches[0].phase)) == ["discriminator"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"survivors": 0}, "survivors must be a whole number from 1 on"),
        ({"mutations": ()}, "mutations are one or more different ones"),
        ({"mutations": ("minimax", "minimax")}, "mutations are one or more different ones"),
        ({"mutations": ("minmax",)}, "did you mean 'minimax'"),
        ({"gamma": -1.0}, "gamma must be 0 or more"),
        ({"evaluated": 0}, "evaluated must be a whole number from 1 on"),
        ({"loss": losses.relativistic()}, "fewer real images than fakes, and its loss takes pairs"),
        ({"loss": losses.top_k(losses.hinge(), 0.5)}, "one without memory"),
        ({"regularizers": {"rotation": rotation()}}, "'rotation' is one of a generator too"),
        ({"regularizers": {"a": every(2, latent_consistency())}}, "'a' is one of a generator too"),
        ({"optimizers": {"generator": optim.sgd(0.1)}}, "optimizers lacks discriminator"),
        ({"stretches": (Stretch(Phase(SHAPE, B), 0, 2), Stretch(Phase(SHAPE, B), 2, 4, True))}, "keeps one size"),
    ],
)
def test_what_does_not_fit_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        made(**changes)


def test_packs_must_divide_what_children_are_judged_by():
    game = made(discriminator=Packed(mlp.Discriminator(SHAPE, ()), 4, SHAPE), evaluated=6)
    state = jax.eval_shape(game.init, jax.random.key(0))
    phase = game.stretches[0].phase
    with pytest.raises(ValueError, match="packs of m=4 do not divide a batch of 6 images"):
        jax.eval_shape(functools.partial(game.step, phase=phase), state, game.batch(phase))


def test_devices_must_share_what_children_are_judged_by():
    game = made(evaluated=6)
    with jax.sharding.use_abstract_mesh(AbstractMesh((4, 1), ("data", "fsdp"))):
        with pytest.raises(ValueError, match="by 6 images, which 4 devices cannot share: set method.evaluated to 8"):
            game._evaluated(game.stretches[0].phase)
        assert made(evaluated=8)._evaluated(game.stretches[0].phase) == 8
    assert made(evaluated=1)._evaluated(Phase(SHAPE, 5, 3)) == 8  # 15 images for D's updates, of two survivors

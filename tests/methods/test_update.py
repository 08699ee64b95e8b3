"""One update of a player, on networks that are a few numbers: who moves, who rests, and who is told what."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from gan_jax import optim
from gan_jax.architectures.augmented import Augmented
from gan_jax.architectures.mlp import Discriminator
from gan_jax.methods.update import Outcome, begun_anew, update
from gan_jax.nn.spectral import power_iteration
from gan_jax.optim import Ema
from gan_jax.types import Clock, Network, named_key

CLOCK = Clock(jnp.int32(7), jnp.float32(1.5))
BATCH = jnp.arange(8.0) - 3
SHAPE = (4, 4, 1)
equal = lambda a, b: jax.tree.all(jax.tree.map(jnp.array_equal, a, b))


def network(w, optimizer, **stats):
    params = {"w": jnp.asarray(w, jnp.float32)}
    return Network(params, stats, optimizer.init(params))


def descend(networks, trained, optimizers, rests=None, moved=None, **more):
    """One update on the loss E[(sum of all w - x)^2 / 2] over a batch of x."""

    def loss(params, batch, key):
        total = sum(jnp.sum(each["w"]) for each in params.values())
        value = jnp.mean(jnp.square(total - batch)) / 2
        metrics = {"total": value, "accuracy": jnp.mean(batch > 0)}
        return value, Outcome(metrics, moved(batch) if moved else {}, {"seen": jnp.mean(batch)}, rests or {})

    run = lambda networks: update(networks, trained, loss, BATCH, jax.random.key(0), optimizers, CLOCK, **more)
    return jax.jit(run)(networks)


def test_one_descent_by_hand():
    """Sum 3, mean of x 0.5: the gradient is 2.5 for both; the network that is not trained stays, whatever it is."""
    sgd = {name: optim.sgd(rate) for name, rate in {"a": 0.1, "b": 0.2, "c": 1.0}.items()}
    networks = {name: network(w, sgd[name]) for name, w in {"a": 1.0, "b": 2.0, "c": 5.0}.items()}
    after, outcome = descend(networks, ["a", "b"], sgd)
    w = {name: float(each.params["w"]) for name, each in after.items()}
    np.testing.assert_allclose([w["a"], w["b"], w["c"]], [1 - 0.25, 2 - 0.5, 5.0], rtol=1e-6)
    told = {name: float(value) for name, value in outcome.metrics.items()}
    assert set(told) == {"total", "accuracy", "gradient_norm", "parameter_norm"} and told["accuracy"] == 0.5
    np.testing.assert_allclose(told["total"], np.mean((3 - np.asarray(BATCH)) ** 2) / 2, rtol=1e-6)
    np.testing.assert_allclose(told["gradient_norm"], 2.5 * 2**0.5, rtol=1e-6)
    np.testing.assert_allclose(told["parameter_norm"], (0.75**2 + 1.5**2) ** 0.5, rtol=1e-6)
    np.testing.assert_allclose(outcome.memory["seen"], 0.5)


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_are_played_as_the_whole(parts):
    sgd = {"a": optim.sgd(0.1)}
    moved = lambda batch: {"a": {"batch_stats": jnp.mean(batch)}}
    start = {"a": network(1.0, sgd["a"], batch_stats=jnp.zeros(()))}
    whole, of_whole = descend(start, ["a"], sgd, moved=moved)
    found, of_parts = descend(start, ["a"], sgd, moved=moved, parts=parts)
    for a, b in zip(*map(jax.tree.leaves, ((whole, of_whole), (found, of_parts))), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_what_an_optimiser_is_told():
    """value, metrics and the clock, to a member of a chain that asks; one that does not ask is left in peace."""

    def ask(updates, state, params=None, *, value, metrics, clock, **others):
        assert not others
        return updates, {"value": value, "accuracy": metrics["accuracy"], "round": clock.round, "kimg": clock.kimg}

    asks = optax.GradientTransformationExtraArgs(lambda params: dict.fromkeys(("value", "accuracy", "kimg"), 0.0), ask)
    chain = optax.chain(optax.clip_by_global_norm(1e6), asks, optim.at_rate(lambda round: 0.01 * round))
    after, outcome = descend({"a": network(1.0, chain)}, ["a"], {"a": chain})
    told = after["a"].opt_state[1]
    assert {name: float(value) for name, value in told.items()} == {
        **{"value": float(outcome.metrics["total"]), "accuracy": 0.5, "round": 7.0, "kimg": 1.5}
    }
    np.testing.assert_allclose(after["a"].params["w"], 1 - 0.07 * 0.5, rtol=1e-6)  # the rate of round 7


def test_optaxs_own_that_halves_on_a_plateau_is_told_the_loss():
    plateau = optax.chain(optax.sgd(1e-9), optax.contrib.reduce_on_plateau(factor=0.5, patience=2, rtol=1e-4))
    networks = {"a": network(1.0, plateau)}
    for _ in range(4):
        networks, _ = descend(networks, ["a"], {"a": plateau})
    assert float(networks["a"].opt_state[1].scale) == 0.5


def test_clipping_is_by_network_and_before_the_gradient():
    """The gradient is that of the clipped weights, and what it makes of them is not clipped again."""
    sgd = {"a": optim.sgd(0.1), "b": optim.sgd(0.1)}
    networks = {"a": network([0.3, -0.4, 0.001], sgd["a"]), "b": network([0.3, -0.4], sgd["b"])}
    after, _ = descend(networks, ["a", "b"], sgd, clip={"a": 0.2})
    gradient = (0.2 - 0.2 + 0.001 + 0.3 - 0.4) - 0.5  # the sum of all w, minus the mean of x
    np.testing.assert_allclose(after["a"].params["w"], np.array([0.2, -0.2, 0.001]) - 0.1 * gradient, rtol=1e-5)
    np.testing.assert_allclose(after["b"].params["w"], np.array([0.3, -0.4]) - 0.1 * gradient, rtol=1e-5)
    after, _ = descend(networks, ["b"], sgd, clip={"a": 0.2})
    np.testing.assert_array_equal(after["a"].params["w"], networks["a"].params["w"])  # another's update leaves it alone


def test_a_network_that_rests_keeps_everything():
    """To the bit, while another is trained; and one that could rest, and does not, is as one that never rests."""
    adam = {name: optim.adam(0.1) for name in ("a", "b")}
    spectral = {"w": {"u": jnp.array([1.0, 0.0]), "v": jnp.array([0.0, 1.0, 0.0])}}
    start = {
        "a": network(np.arange(6.0).reshape(3, 2) + 1, adam["a"], spectral=spectral, batch_stats=jnp.ones(())),
        "b": network([2.0], adam["b"]),
    }
    moved = lambda batch: {"a": {"batch_stats": jnp.mean(batch)}}
    run = lambda rests: descend(start, ["a", "b"], adam, rests, moved)[0]
    free, rested, awake = run({}), run({"a": jnp.array(True)}), run({"a": jnp.array(False)})
    assert equal(rested["a"], start["a"]) and not equal(rested["b"].params, start["b"].params)
    assert equal(free, awake) and equal(free["b"], rested["b"])
    for leaf, old in zip(*map(jax.tree.leaves, (free["a"], start["a"])), strict=True):
        assert not jnp.array_equal(leaf, old)
    u, v = power_iteration(free["a"].params["w"], jnp.array([1.0, 0.0]))  # by the weights as they have become
    np.testing.assert_allclose(free["a"].stats["spectral"]["w"]["u"], u, rtol=1e-6)
    np.testing.assert_allclose(free["a"].stats["spectral"]["w"]["v"], v, rtol=1e-6)


def test_statistics_of_a_network_that_is_not_trained_may_move():
    """And single numbers are reported of those alone that are trained."""
    sgd = {"a": optim.sgd(0.1), "b": optim.sgd(0.1)}
    start = {name: network(1.0, sgd[name], averages={"w_mean": jnp.zeros(())}) for name in sgd}
    moved = lambda batch: {name: {"averages": {"w_mean": jnp.mean(batch)}} for name in sgd}
    after, outcome = descend(start, ["a"], sgd, moved=moved)
    assert equal(after["b"].params, start["b"].params) and equal(after["b"].opt_state, start["b"].opt_state)
    assert float(after["b"].stats["averages"]["w_mean"]) == 0.5
    assert float(outcome.metrics["w_mean"]) == 0.5
    only_b = lambda batch: {"b": {"averages": {"w_mean": jnp.mean(batch)}}}
    assert "w_mean" not in descend(start, ["a"], sgd, moved=only_b)[1].metrics


def test_an_optimiser_begins_anew_where_it_is_told_to():
    adam = optim.adam(0.1)
    (one,) = descend({"a": network(1.0, adam)}, ["a"], {"a": adam})[0].values()
    assert begun_anew(None, one, adam) is one
    anew, kept = (begun_anew(jnp.array(yes), one, adam) for yes in (True, False))
    assert equal(anew.opt_state, adam.init(one.params)) and not equal(anew.opt_state, one.opt_state)
    assert equal(kept, one) and equal(anew.params, one.params)


# --- in the game


class Averaging(linen.Module):
    """A generator that keeps the mean of all latents that passed, and the moments of its batches."""

    @linen.compact
    def __call__(self, latents, label=None, train=False):
        mean = self.variable("averages", "z_mean", jnp.zeros, latents.shape[-1:])
        last = self.variable("batch_stats", "last", jnp.zeros, latents.shape[-1:])
        if train and self.is_mutable_collection("averages"):
            mean.value = 0.5 * mean.value + 0.5 * jnp.mean(latents, 0)
        if train and self.is_mutable_collection("batch_stats"):
            last.value = jnp.mean(latents, 0)
        return linen.Dense(16, name="out")(latents).reshape(-1, *SHAPE)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_averages_move_in_every_update_and_are_copied_live(make_game, play, compiled, accumulate):
    """StyleGAN's of w: in D's two updates and in G's, while batch statistics move in G's alone. The EMA takes them over."""
    game = make_game(generator=Averaging(), d_steps=2, ema=Ema(0.75), accumulate=accumulate)
    game_init = compiled(game.init)(jax.random.key(0))
    (state,), _ = play(game, 0)
    assert jax.tree.structure(game_init) == jax.tree.structure(state)
    after, _ = compiled(lambda s, b: game.step(s, b, game.stretches[0].phase))(
        state, {"image": jnp.zeros((2, 8, *SHAPE))}
    )
    round = jax.random.fold_in(jax.random.key(0), 0)
    means = [
        jnp.mean(jax.random.normal(named_key(jax.random.fold_in(round, i), "latents"), (8, 3)), 0) for i in range(3)
    ]
    expected = means[0] / 8 + means[1] / 4 + means[2] / 2
    made = after.networks["generator"]
    np.testing.assert_allclose(made.stats["averages"]["z_mean"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(made.stats["batch_stats"]["last"], means[2], rtol=1e-5, atol=1e-6)
    assert equal(made.ema["stats"]["averages"], made.stats["averages"])
    np.testing.assert_allclose(made.ema["stats"]["batch_stats"]["last"], 0.25 * means[2], rtol=1e-5, atol=1e-6)
    sampler = game.samplers(after, game.stretches[0].phase)["image"]
    assert set(sampler.variables) == {"params", "averages", "batch_stats"}
    assert equal(sampler.variables["averages"], made.stats["averages"])


def test_what_adapts_is_a_collection_of_its_own(make_game):
    """Beside batch statistics: a sampler's or a score's statistics take no notice of it."""
    ada = Augmented(Discriminator(SHAPE, (6,)), ("cutout",), target=0.6)
    state = jax.eval_shape(make_game(discriminator=ada).init, jax.random.key(0))
    stats = state.networks["discriminator"].stats
    assert set(stats) == {"adaptive"} and set(stats["adaptive"]) == {"augment_probability"}


def test_a_statistic_does_not_take_the_name_of_a_loss():
    """Single numbers among the statistics are told beside the update's own."""
    adam = optim.adam(0.1)
    for name in ("total", "gradient_norm"):
        with pytest.raises(ValueError, match=f"both named '{name}'"):
            moved = lambda batch, name=name: {"player": {"own": {name: jnp.float32(1)}}}
            descend({"player": network(1.0, adam)}, ["player"], {"player": adam}, moved=moved)

"""The two-player game: who is trained by what, what is remembered, and what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import optim
from gan_jax.architectures.augmented import Augmented
from gan_jax.latents import uniform
from gan_jax.methods.truncation import with_latent_truncation
from gan_jax.nn.dense import Dense
from gan_jax.optim import Ema
from gan_jax.regularizers.base import Nothing
from gan_jax.regularizers.gradient_penalty import gradient_penalty, r1, r2
from gan_jax.regularizers.latent_transform import latent_transform, transform_latents
from gan_jax.regularizers.rotation import rotation
from gan_jax.regularizers.timing import after, every
from gan_jax.types import ByImages, Head, Term, named_key

BASE = {"adversarial", "total", "gradient_norm", "parameter_norm"}
OF_D = {f"d/{name}" for name in BASE | {"real_accuracy", "fake_accuracy", "real_logit", "fake_logit"}}
OF_G = {f"g/{name}" for name in BASE}
turning = lambda **weights: rotation(fraction=0.5, scheme=None, **weights)


def equal(a, b):
    return jax.tree.structure(a) == jax.tree.structure(b) and jax.tree.all(jax.tree.map(jnp.array_equal, a, b))


def params(state, name):
    return state.networks[name].params


@dataclasses.dataclass(frozen=True)
class Probe(Nothing):
    """A head that is trained with one player, and a loss that only it can change."""

    player: str = "generator"
    optimizer: object = None
    name: str = "probe"

    def heads(self):
        return {self.name: Head(Dense(1), self.player, lambda features: (features["pooled"],), self.optimizer)}

    def generator(self, play, memory):
        return Term(jnp.mean(play.nets[self.name](jax.lax.stop_gradient(play.on_fake.features["pooled"]))))


@dataclasses.dataclass(frozen=True)
class FakePixels(Nothing):
    """An addend to D's loss that only the generator could change, and a memory of the time and the key it was last given."""

    def init(self):
        times = {player: jnp.zeros(3, jnp.int32) for player in ("d", "g")}  # times asked, last round, last update
        return times | {"key": jnp.zeros(2, jnp.uint32)}

    def discriminator(self, play, memory):
        return Term(1e6 * jnp.mean(play.fake["image"]), memory | {"d": self._now(play, memory["d"])})

    def generator(self, play, memory):
        return Term(jnp.zeros(()), memory | {"g": self._now(play, memory["g"]), "key": jax.random.key_data(play.key)})

    @staticmethod
    def _now(play, before):
        return jnp.stack([before[0] + 1, play.clock.round, play.update])


@pytest.fixture(scope="module")
def plain(make_game, play):
    """Two rounds of the game without any addend."""
    return play(make_game())


@pytest.mark.parametrize(
    "regularizers",
    [
        {"rotation": turning(weight_d=0.0, weight_g=0.0)},
        {"r1": r1(0.0), "r2": r2(0.0), "penalty": gradient_penalty(0.0)},
        {"pixels": FakePixels()},
    ],
    ids=lambda regularizers: "+".join(regularizers),
)
def test_what_an_addend_without_weight_changes(make_game, play, plain, regularizers):
    """Nothing: not the noise, and no parameter. An addend that only G could change trains nobody in D's update."""
    states, metrics = play(make_game(regularizers=regularizers))
    for name in ("generator", "discriminator"):
        for a, b in zip(*(jax.tree.leaves(params(run[-1], name)) for run in (states, plain[0])), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    for name in (OF_D | OF_G) - {"d/total", "d/parameter_norm"}:  # of heads, too
        np.testing.assert_allclose(metrics[-1][name], plain[1][-1][name], atol=1e-5, err_msg=name)


def test_metrics_are_named_by_player_and_term(make_game, play, plain):
    assert set(plain[1][0]) == OF_D | OF_G
    states, (metrics, _) = play(make_game(regularizers={"turn": turning(), "slope": r1(2.0)}))
    assert set(metrics) - OF_D - OF_G == {
        *("d/rotation", "d/rotation_accuracy", "g/rotation", "g/rotation_accuracy", "d/r1")
    }
    assert all(value.shape == () and value.dtype == jnp.float32 for value in metrics.values())
    np.testing.assert_allclose(
        metrics["d/total"], metrics["d/adversarial"] + metrics["d/rotation"] + metrics["d/r1"], rtol=1e-5
    )  # r1: half of gamma 2
    np.testing.assert_allclose(metrics["g/total"], metrics["g/adversarial"] + 0.2 * metrics["g/rotation"], rtol=1e-5)
    trained = [params(states[1], name) for name in ("discriminator", "rotation")]
    np.testing.assert_allclose(metrics["d/parameter_norm"], optax.tree.norm(trained), rtol=1e-5)


def test_the_state_is_arrays_only_and_follows_from_the_key(make_game, play):
    game = make_game(regularizers={"pixels": FakePixels(), "turn": turning()}, d_steps=2, ema=Ema(0.9))
    states, _ = play(game)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(states))
    assert set(states[0].networks) == {"generator", "discriminator", "rotation"}
    assert set(states[0].memory) == {"loss", "pixels", "turn"}
    told = lambda player: [state.memory["pixels"][player].tolist() for state in states[1:]]
    assert told("d") == [[2, 0, 1], [4, 1, 3]] and told("g") == [[1, 0, 0], [2, 1, 1]]
    key = jax.random.fold_in(jax.random.fold_in(states[0].key, 1), 2)  # round 1, after two substeps
    assert jnp.array_equal(states[2].memory["pixels"]["key"], jax.random.key_data(named_key(key, "pixels")))
    assert all(jax.tree.structure(state) == jax.tree.structure(states[0]) for state in states)
    data = lambda state: dataclasses.replace(state, key=jax.random.key_data(state.key))
    again, _ = play(game)
    assert equal(data(states[2]), data(again[2]))
    other, _ = play(game, n=1, seed=1)
    assert not equal(params(states[0], "generator"), params(other[0], "generator"))
    assert not equal(params(states[0], "discriminator"), params(states[1], "discriminator"))


@pytest.mark.parametrize("weight_d, weight_g", [(1.0, 0.0), (0.0, 1.0)])
def test_the_rotation_head_is_trained_with_the_discriminator_alone(make_game, play, weight_d, weight_g):
    """G's term moves G through the head, and leaves the head as it is."""
    (before, after), _ = play(make_game(regularizers={"turn": turning(weight_d=weight_d, weight_g=weight_g)}), n=1)
    assert equal(params(before, "rotation"), params(after, "rotation")) == (weight_d == 0)


def test_the_generators_rotation_term_reaches_the_generator(make_game, play, plain):
    states, _ = play(make_game(regularizers={"turn": turning(weight_d=0.0, weight_g=1.0)}), n=1)
    assert equal(params(states[1], "discriminator"), params(plain[0][1], "discriminator"))
    assert not equal(params(states[1], "generator"), params(plain[0][1], "generator"))


def test_heads_may_belong_to_the_generator_and_bring_their_optimizer(make_game, play, plain):
    regularizers = {
        "mine": Probe(name="mine"),
        "still": Probe(name="still", optimizer=optim.sgd(0.0)),
        "theirs": Probe(name="theirs", player="discriminator"),
    }
    (before, after), metrics = play(make_game(regularizers=regularizers), n=1)
    same = {name: equal(params(before, name), params(after, name)) for name in regularizers}
    assert same == {"mine": False, "still": True, "theirs": True}
    for name in ("generator", "discriminator"):
        np.testing.assert_allclose(
            *(jax.tree.leaves(params(state, name))[0] for state in (after, plain[0][1])), atol=1e-6
        )


def test_average_follows_the_generator(make_game, play, plain):
    """0.75 of the old average and 0.25 of the new network, each round; the game itself does not change."""
    game = make_game(ema=Ema(0.75))
    states, _ = play(game)
    expected = states[0].networks["generator"].params
    assert equal(states[0].networks["generator"].ema["params"], expected)
    for state in states[1:]:
        expected = jax.tree.map(lambda a, b: 0.75 * a + 0.25 * b, expected, params(state, "generator"))
        for a, b in zip(*map(jax.tree.leaves, (state.networks["generator"].ema["params"], expected)), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert states[-1].networks["discriminator"].ema == ()
    np.testing.assert_allclose(
        *(jax.tree.leaves(params(state, "generator"))[0] for state in (states[-1], plain[0][-1])), atol=1e-6
    )

    z = jax.random.normal(jax.random.key(3), (4, 3))
    phase = game.stretches[0].phase
    averaged, live = (
        game.samplers(states[-1], phase, average)["image"].synthesize({"z": z})[0] for average in (True, False)
    )
    np.testing.assert_allclose(averaged, game.generator.apply({"params": expected}, z), atol=1e-5)
    np.testing.assert_allclose(live, game.generator.apply({"params": params(states[-1], "generator")}, z), atol=1e-6)


def test_an_average_may_be_taken_before_the_generators_own_update(play, make_game):
    """As Progressive GAN has it: after round t it holds the generators of the rounds before t."""
    states, _ = play(make_game(ema=Ema(0.75, before=True)))
    generators = [state.networks["generator"] for state in states]
    expected = generators[0].params
    for before, now in zip(generators, generators[1:], strict=False):
        expected = jax.tree.map(lambda a, b: 0.75 * a + 0.25 * b, expected, before.params)
        for a, b in zip(*map(jax.tree.leaves, (now.ema["params"], expected)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert not equal(generators[-1].ema["params"], generators[0].params)


def test_before_its_start_the_average_is_the_generator(make_game, play):
    states, _ = play(make_game(ema=Ema(0.75, start=1)))
    networks = [state.networks["generator"] for state in states]
    assert equal(networks[1].ema["params"], networks[1].params)
    assert not equal(networks[2].ema["params"], networks[2].params)


def test_clipping_is_of_the_discriminators_weights_alone(make_game, play):
    """Before each of its updates: with a rate of 0 the clipped weights are what is left."""
    game = make_game(clip_weights=0.05, rates=(0.1, 0.0), regularizers={"turn": turning()})
    states, _ = play(game, n=1)
    largest = {name: optax.tree.max(jax.tree.map(jnp.abs, net.params)) for name, net in states[1].networks.items()}
    assert largest["discriminator"] == np.float32(0.05)
    assert largest["generator"] > 0.05 and largest["rotation"] > 0.05
    for now, first in zip(*(jax.tree.leaves(params(state, "discriminator")) for state in states[::-1]), strict=True):
        np.testing.assert_array_equal(now, np.clip(first, -0.05, 0.05))


def test_clipping_under_spectral_norm_is_doubted(make_game):
    wrapped = lambda module: Augmented(module, policy=("color",))
    clipped, normed = make_game(clip_weights=0.05), make_game(clip_weights=0.05, scheme="spectral")
    assert not clipped.doubts and not make_game(scheme="spectral").doubts
    assert "set discriminator.scheme to None" in normed.doubts[0]
    inside = make_game(clip_weights=0.05, discriminator=wrapped(normed.discriminator))
    assert inside.doubts == normed.doubts


def test_state_can_be_donated_every_round(make_game, rounds_of, compiled):
    """No two leaves are one buffer, even where the average starts as the parameters, whether init is compiled or not."""
    game = make_game(ema=Ema(0.9), regularizers={"turn": turning()})
    batch = rounds_of(game, 1)[0]
    step = compiled(lambda state, batch: game.step(state, batch, game.stretches[0].phase), donate_argnums=0)
    for init in (game.init, compiled(game.init)):
        state = init(jax.random.key(0))
        for _ in range(2):
            donated, (state, _) = state, step(state, batch)
            assert jax.tree.leaves(donated.networks["generator"].params)[0].is_deleted()
        assert int(state.step) == 2


def test_schedules_are_of_the_round_or_of_images(make_game, play):
    """Not of a player's updates: D makes two a round. 16 images are shown in each, so that 0.024 thousand are in round 2."""
    until = lambda end: lambda t: jnp.where(t < end, 0.1, 0.0)
    rates = {"generator": optim.sgd(ByImages(until(0.024))), "discriminator": optim.sgd(until(1))}
    states, _ = play(make_game(optimizers=rates, d_steps=2), n=3)
    moved = lambda name: [not equal(params(a, name), params(b, name)) for a, b in zip(states, states[1:], strict=False)]
    assert moved("discriminator") == [True, False, False] and moved("generator") == [True, True, False]


def test_uniform_latents_and_labels_of_the_sampler(make_game):
    game = make_game(latents=uniform(3), num_classes=3)
    sampler = game.samplers(game.init(jax.random.key(0)), game.stretches[0].phase)["image"]
    starts = sampler.starts(jax.random.key(1), jnp.arange(500))
    z, label = starts["z"], starts["label"]
    assert z.shape == (500, 3) and -1 <= z.min() < -0.9 and 0.9 < z.max() <= 1
    assert set(np.asarray(label).tolist()) == {0, 1, 2} and np.bincount(label).min() > 120
    images, taps = sampler.synthesize(sampler.map(starts), taps=("block0",))
    assert images.shape == (500, 4, 4, 1) and taps["block0"].shape == (500, 5)
    with pytest.raises(ValueError, match="no tap block9; it has block0"):
        sampler.synthesize(starts, taps=("block9",))
    with pytest.raises(ValueError, match="truncation is for normal latents"):
        with_latent_truncation(sampler, 0.5)
    unconditional = make_game()
    sampler = unconditional.samplers(unconditional.init(jax.random.key(0)), unconditional.stretches[0].phase)["image"]
    assert set(sampler.starts(jax.random.key(2), jnp.arange(5))) == {"z"}
    narrow = with_latent_truncation(sampler, 0.5).starts(jax.random.key(1), jnp.arange(500))
    assert jnp.max(jnp.abs(narrow["z"])) <= 0.5
    with pytest.raises(ValueError, match="truncation must be more than 0"):
        with_latent_truncation(sampler, 0.0)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"regularizers": {"a": turning(), "b": turning()}}, "two networks are named 'rotation'.*regulariser 'b'"),
        ({"regularizers": {"a": Probe(name="generator")}}, "two networks are named 'generator'.*regulariser 'a'"),
        *(
            ({"regularizers": {name: r1()}}, f"cannot be named '{name}'")
            for name in ("loss", "latents", "label", "noise", "noise_real")
        ),
        ({"regularizers": {"a": Probe(player="critic")}}, "head 'probe' is trained with 'critic', which is no player"),
        ({"d_steps": 0}, "d_steps must be a whole number from 1 on, got 0"),
        ({"generator_batch_multiple": 0}, "generator_batch_multiple must be a whole number from 1 on, got 0"),
    ],
)
def test_what_a_game_refuses(make_game, changes, message):
    with pytest.raises(ValueError, match=message):
        make_game(**changes)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"regularizers": {"a": r1(), "b": r1()}}, "two terms of the discriminator's loss report r1"),
        ({"num_classes": 3}, "need labels, and the data has none"),
    ],
)
def test_what_a_round_refuses(make_game, rounds_of, changes, message):
    game = make_game(**changes)
    batch = rounds_of(game, 1)[0]
    state = jax.eval_shape(game.init, jax.random.key(0))
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda state, batch: game.step(state, batch, game.stretches[0].phase), state, batch)


def test_measures_are_the_regularizers_own(make_game, compiled):
    """Through wrappers, as functions of a key and real elements: the heads', D's and G's weights are inside."""
    game = make_game(regularizers={"lt": after(3, every(2, latent_transform(1.0, 0.5, "hidden0"))), "slope": r1()})
    state, phase = game.init(jax.random.key(0)), game.stretches[0].phase
    (name, measure), *others = game.measures(state, phase).items()
    assert name == "latent_transform" and not others
    run = compiled(lambda measure, key: measure(key, {"image": jnp.zeros((4, 4, 4, 1))}))
    accuracy = run(measure, jax.random.key(1))
    assert accuracy.shape == () and 0 <= float(accuracy) <= 1 and float(accuracy) * 64 % 1 == 0
    # A judge that says "the same" of every pair is right where it is so: of 64 in two classes, about half.
    head = state.networks["latent_transform"]
    output = head.params["output"] | {"bias": head.params["output"]["bias"] + 1e3}
    sure = head.replace(params=head.params | {"output": output})
    always = game.measures(state.replace(networks={**state.networks, "latent_transform": sure}), phase)[name]
    moved = transform_latents(jax.random.key(1), jnp.zeros((64, 3)), 0.5)
    np.testing.assert_allclose(run(always, jax.random.key(1)), jnp.mean(moved.same), rtol=1e-6)
    assert make_game().measures(make_game().init(jax.random.key(0)), phase) == {}

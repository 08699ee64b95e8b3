"""LT-GAN's task against plain numpy, and a small one that is learnt."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import mlp
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.latent_transform import (
    PairJudge,
    latent_transform,
    pair_accuracy,
    tapped,
    transform_latents,
)
from gan_jax.types import Verdict, named_key

N, Z, SHAPE, F = 8, 3, (4, 4, 1), 5
sigmoid = lambda x: 1 / (1 + np.exp(-np.asarray(x, np.float64)))


@pytest.fixture
def game(rng, make_play):
    """G(z) = tanh(z M); D's map is x W at every pixel of a 2 x 2 grid; A is a bilinear form. All of them matrices."""
    m = rng.normal(size=(Z, 16)).astype(np.float32)
    w = rng.normal(size=(16, 4 * F)).astype(np.float32)
    a = rng.normal(size=(2 * F,)).astype(np.float32)
    z = rng.normal(size=(N, Z)).astype(np.float32)
    shown = []

    def make(m=m, w=w, a=a, labelled=False, player="generator", **more):
        label = jnp.arange(N) % 2 if labelled else None
        scale = lambda label: 1.0 if label is None else 1.0 + label[:, None].astype(jnp.float32)

        def discriminator(x, label=None):
            shown.append(x)
            grid = jnp.tanh(x.reshape(x.shape[0], -1) @ w) * scale(label)
            grid = grid.reshape(-1, 2, 2, F)
            return Verdict(grid.sum((1, 2, 3)), {"conv": grid, "pooled": grid.sum((1, 2))})

        generator = lambda z, label=None: (jnp.tanh(z @ m) * scale(label)).reshape(-1, *SHAPE)
        judge = lambda first, second: jnp.concatenate([first, second], -1) @ a
        fake = generator(jnp.asarray(z), label)
        if player == "discriminator":  # in its update the game's fakes are constants
            fake = jax.lax.stop_gradient(fake)
        play = make_play(
            discriminator,
            np.ones((N, *SHAPE)),
            fake,
            label,
            label,
            {"generator": generator, "latent_transform": judge},
            **more,
        )
        play.latents["z"] = jnp.asarray(z)
        shown.clear()
        return play

    make.m, make.w, make.a, make.z, make.shown = m, w, a, z, shown
    return make


def in_numpy(game, play, sigma, key, labelled):
    """(loss, accuracy, G(z + eps)) of the task, worked out in float64 from the two eps and the permutation."""
    eps = sigma * np.asarray(jax.random.normal(named_key(key, "eps"), (2, Z)), np.float64)
    partner = np.asarray(jax.random.permutation(named_key(key, "pairs"), N))
    label = np.arange(N) % 2 if labelled else np.zeros(N)
    which = np.arange(N) % 2
    images = lambda z: np.tanh(z @ game.m) * (1 + label[:, None])
    feature = lambda x: (np.tanh(x @ game.w) * (1 + label[:, None])).reshape(N, 4, F).mean(1)
    moved = images(game.z + eps[which])
    change = feature(moved) - feature(images(game.z))
    logits = np.concatenate([change, change[partner]], -1) @ game.a
    same = which == which[partner]
    loss = -np.mean(np.where(same, np.log(sigmoid(logits)), np.log(sigmoid(-logits))))
    return loss, np.mean((logits > 0) == same), moved


@pytest.mark.parametrize("labelled", [False, True])
def test_generators_term_by_hand(game, labelled):
    play = game(labelled=labelled)
    term = latent_transform(0.5, 0.3, "conv").generator(play, ())
    loss, accuracy, moved = in_numpy(game, play, 0.3, jax.random.key(0), labelled)
    np.testing.assert_allclose(term.metrics["latent_transform"], loss, rtol=1e-4)
    np.testing.assert_allclose(term.metrics["latent_transform_accuracy"], accuracy)
    np.testing.assert_allclose(term.loss, 0.5 * term.metrics["latent_transform"], rtol=1e-6)
    np.testing.assert_allclose(game.shown[0].reshape(N, -1), moved, atol=1e-5)
    assert len(game.shown) == 1 and term.memory == ()


@pytest.mark.parametrize("labelled", [False, True])
def test_discriminators_term_by_hand(game, labelled):
    """The game's loss (here hinge) on the real images and G(z + eps), in place of a part of that on them and G(z)."""
    play = game(labelled=labelled)
    term = latent_transform(0.5, 0.3, "conv", share_d=0.25).discriminator(play, ())
    label = np.arange(N) % 2 if labelled else np.zeros(N)
    logits = (np.tanh(in_numpy(game, play, 0.3, jax.random.key(0), labelled)[2] @ game.w) * (1 + label[:, None])).sum(1)
    real = np.asarray(play.on_real.logits)
    loss = np.mean(np.maximum(0, 1 - real)) + np.mean(np.maximum(0, 1 + logits))
    np.testing.assert_allclose(term.metrics["latent_transform"], loss, rtol=1e-4)
    unmoved = np.mean(np.maximum(0, 1 - real)) + np.mean(np.maximum(0, 1 + np.asarray(play.on_fake.logits)))
    np.testing.assert_allclose(term.loss, 0.25 * (loss - unmoved), rtol=1e-4, atol=1e-6)


def test_ds_adversarial_loss_keeps_its_weight_beside_other_tasks(make_play):
    """D(x) = 0.2 for real images, -0.5 for G(z), 0.4 for G(z + eps). Hinge: 0.8 + 0.5 and 0.8 + 1.4; their mean is 1.75,
    the loss of one batch with both kinds of fakes, and not their sum, 3.5, which would halve every other task's weight."""
    level = {1.0: 0.2, 2.0: -0.5, 3.0: 0.4}

    def discriminator(x, label=None):
        logits = sum(jnp.where(x[:, 0, 0, 0] == value, logit, 0.0) for value, logit in level.items())
        return Verdict(logits, {"pooled": logits[:, None]})

    generator = lambda z, label=None: jnp.full((len(z), *SHAPE), 3.0)  # is asked for G(z + eps) alone
    play = make_play(discriminator, np.full((N, *SHAPE), 1.0), np.full((N, *SHAPE), 2.0), nets={"generator": generator})
    adversarial = play.adversarial(play.on_real.logits, play.on_fake.logits)
    np.testing.assert_allclose(adversarial, 1.3, rtol=1e-6)
    for share, total in ((0.0, 1.3), (0.5, 1.75), (1.0, 2.2)):
        term = latent_transform(1.0, 0.3, "pooled", share_d=share).discriminator(play, ())
        np.testing.assert_allclose(adversarial + term.loss, total, rtol=1e-6)
    both = jnp.concatenate([play.on_fake.logits, jnp.full(N, 0.4)])
    np.testing.assert_allclose(play.adversarial(play.on_real.logits, both), 1.75, rtol=1e-6)


def test_who_learns(game):
    """G and A from their term; D from its own, and from nobody else's. (D's weights are constants in G's update.)"""
    loss = lambda player: (
        lambda m, w, a: getattr(latent_transform(1.0, 0.3, "conv"), player)(game(m=m, w=w, a=a, player=player), ()).loss
    )
    of_g, _, of_a = jax.grad(loss("generator"), (0, 1, 2))(game.m, game.w, game.a)
    assert np.any(of_g) and np.any(of_a)
    of_g, of_d, of_a = jax.grad(loss("discriminator"), (0, 1, 2))(game.m, game.w, game.a)
    assert not np.any(of_g) and np.any(of_d) and not np.any(of_a)


def test_two_eps_a_batch_in_turn():
    z = jnp.asarray(np.random.default_rng(0).normal(size=(4000, 6)), jnp.float32)
    moved, partner, same = transform_latents(jax.random.key(1), z, 0.25)
    eps = np.asarray(moved - z)
    np.testing.assert_allclose(eps, np.tile(eps[:2], (2000, 1)), atol=1e-6)
    assert np.abs(eps[0] - eps[1]).max() > 0.05
    assert sorted(np.asarray(partner).tolist()) == list(range(4000))
    which = np.arange(4000) % 2
    np.testing.assert_array_equal(same, which == which[partner])
    assert abs(np.mean(same) - 0.5) < 0.05
    draws = np.stack([transform_latents(jax.random.key(i), z[:2], 0.25).z - z[:2] for i in range(60)])
    np.testing.assert_allclose(draws.std(), 0.25, rtol=0.1)


def test_features_are_averaged_over_the_image(rng):
    grid = rng.normal(size=(3, 2, 4, 5)).astype(np.float32)
    features = {"map": jnp.asarray(grid, jnp.bfloat16), "pooled": jnp.ones((3, 2))}
    averaged = tapped(features, "map", False)
    assert averaged.dtype == jnp.float32
    np.testing.assert_allclose(averaged, np.asarray(features["map"], np.float32).mean((1, 2)), atol=1e-5)
    np.testing.assert_array_equal(tapped(features, "pooled", False), np.ones((3, 2)))
    assert tapped(features, "map", True).shape == (3, 2, 4, 5)
    with pytest.raises(ValueError, match="no tap 'conv9'; it has map, pooled"):
        tapped(features, "conv9", False)
    with pytest.raises(ValueError, match=r"needs a map \[N, h, w, F\], and the tap 'pooled' is \[3, 2\]"):
        tapped(features, "pooled", True)


@pytest.mark.parametrize("window, stride, padding", [(2, None, 0), (2, 1, 0), (3, 2, 1)])
def test_features_are_averaged_in_windows_and_flattened(rng, window, stride, padding):
    grid = rng.normal(size=(3, 4, 6, 5)).astype(np.float32)
    padded = np.pad(grid, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    places = [range(0, side - window + 1, stride or window) for side in padded.shape[1:3]]
    rows = [[padded[:, i : i + window, j : j + window].mean((1, 2)) for j in places[1]] for i in places[0]]
    expected = np.stack([np.stack(row, 1) for row in rows], 1)  # [3, h', w', 5]
    found = tapped({"map": jnp.asarray(grid)}, "map", False, window, stride, padding)
    np.testing.assert_allclose(found, expected.reshape(3, -1), atol=1e-6)
    as_map = tapped({"map": jnp.asarray(grid)}, "map", True, window, stride, padding)
    np.testing.assert_allclose(as_map, expected, atol=1e-6)


def test_what_windows_do_not_fit():
    features = {"map": jnp.zeros((3, 4, 4, 5)), "pooled": jnp.zeros((3, 2))}
    with pytest.raises(ValueError, match=r"a pooling window needs a map \[N, h, w, F\], and the tap 'pooled'"):
        tapped(features, "pooled", False, 2)
    with pytest.raises(ValueError, match=r"pool_window 5 is larger than the map of the tap 'map', \[3, 4, 4, 5\]"):
        tapped(features, "map", False, 5)
    task = latent_transform(1.0, 0.5, "map", pool_window=2)
    assert [f.shape for f in task.heads()["latent_transform"].example(features)] == [(3, 20), (3, 20)]


def test_the_auxiliary_nets(rng):
    """mlp: relu([f1 f2] W + b) V + c; linear: [f1 f2] V + c; conv: a 3 x 3 convolution, ReLU, the mean, then V."""
    first, second = rng.normal(size=(2, 6, F)).astype(np.float32)
    x = np.concatenate([first, second], -1)
    for kind, layers in (("mlp", {"hidden", "output"}), ("linear", {"output"})):
        judge = PairJudge(7, kind)
        params = judge.init(jax.random.key(0), first, second)["params"]
        assert set(params) == layers
        h = np.maximum(x @ np.asarray(params["hidden"]["kernel"]), 0) if kind == "mlp" else x
        expected = (h @ np.asarray(params["output"]["kernel"]))[:, 0]
        np.testing.assert_allclose(judge.apply({"params": params}, first, second), expected, atol=1e-5)
    maps = rng.normal(size=(2, 6, 3, 4, F)).astype(np.float32)
    judge = PairJudge(7, "conv")
    logits, variables = judge.init_with_output(jax.random.key(0), *maps)
    hidden, output = (np.asarray(variables["params"][name]["kernel"]) for name in ("hidden", "output"))
    assert hidden.shape == (3, 3, 2 * F, 7)
    padded = np.pad(np.concatenate(maps, -1), [(0, 0), (1, 1), (1, 1), (0, 0)])
    h = sum(padded[:, i : i + 3, j : j + 4] @ hidden[i, j] for i in range(3) for j in range(3))
    np.testing.assert_allclose(logits, (np.maximum(h, 0).mean((1, 2)) @ output)[:, 0], atol=1e-5)


def test_head_and_defaults():
    task = latent_transform(0.5, 0.3, "conv")
    assert (task.hidden, task.kind, task.share_d, task.learning_rate) == (256, "mlp", 0.5, 1e-3)
    (name, head), *others = task.heads().items()
    assert name == "latent_transform" and head.player == "generator" and not others
    features = {"conv": jnp.zeros((4, 2, 2, F)), "pooled": jnp.zeros((4, 7))}
    assert [f.shape for f in head.example(features)] == [(4, F), (4, F)]
    state = head.optimizer.init(jnp.zeros(()))
    update, _ = head.optimizer.update(jnp.ones(()), state)
    np.testing.assert_allclose(update, -1e-3, rtol=1e-4)  # Adam's first step is its learning rate
    as_map = latent_transform(0.5, 0.3, "conv", kind="conv").heads()["latent_transform"]
    assert [f.shape for f in as_map.example(features)] == [(4, 2, 2, F)] * 2
    with pytest.raises(ValueError, match="no tap 'block7'; it has conv, pooled"):
        latent_transform(0.5, 0.3, "block7").heads()["latent_transform"].example(features)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"kind": "deep"}, "kind 'deep' is not known. Known: mlp, linear, conv"),
        ({"sigma_eps": 0.0}, "more than 0, got 0.0"),
        ({"warm_up": -1}, "warm_up must be a whole number from 0 on, got -1"),
        ({"share_d": 1.5}, "share_d must be from 0 to 1, got 1.5"),
        ({"pool_stride": 2}, "pool_stride and pool_padding are of windows: set pool_window"),
        ({"pool_window": 2, "pool_padding": 2}, "pool_padding 2 leaves windows of 2 with zeros alone"),
    ],
)
def test_what_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        latent_transform(**({"weight_g": 1.0, "sigma_eps": 0.3, "tap": "conv"} | settings))


def test_weights_may_be_schedules(game):
    falling = optax.linear_schedule(1.0, 0.0, 10)
    task = latent_transform(falling, 0.3, "conv", share_d=falling)
    for player in ("generator", "discriminator"):
        play = game(round=5)
        term = getattr(task, player)(play, ())
        beside = play.adversarial(play.on_real.logits, play.on_fake.logits) if player == "discriminator" else 0.0
        np.testing.assert_allclose(term.loss, 0.5 * (term.metrics["latent_transform"] - beside), rtol=1e-4)


@pytest.mark.parametrize("round, weight", [(0, 0.0), (3, 0.0), (4, 0.7), (9, 0.7)])
def test_the_warm_up_has_no_weight(game, round, weight):
    task = latent_transform(0.7, 0.3, "conv", share_d=0.7, warm_up=4)
    for player in ("generator", "discriminator"):
        play = game(round=round)
        term = getattr(task, player)(play, ())
        beside = play.adversarial(play.on_real.logits, play.on_fake.logits) if player == "discriminator" else 0.0
        np.testing.assert_allclose(term.loss, weight * (term.metrics["latent_transform"] - beside), rtol=1e-4)
        assert term.metrics["latent_transform"] != 0
        assert player == "discriminator" or bool(term.rests) == (weight == 0)


def test_packs_are_refused(make_play):
    packs = lambda x, label=None: Verdict(jnp.zeros(x.shape[0] // 2), {"pooled": jnp.zeros((x.shape[0] // 2, 3))})
    with pytest.raises(ValueError, match="latent_transform asks about single images"):
        latent_transform(1.0, 0.3, "pooled").generator(
            make_play(packs, np.zeros((4, *SHAPE)), np.zeros((4, *SHAPE))), ()
        )


@pytest.fixture(scope="module")
def learnt():
    """A game of small nets, and its state before and after 800 rounds."""
    game = Adversarial(
        generator=mlp.Generator(SHAPE, (32,)),
        discriminator=mlp.Discriminator(SHAPE, (32,)),
        loss=losses.hinge(),
        optimizers={"generator": optim.adam(1e-3), "discriminator": optim.adam(1e-3)},
        stretches=(Stretch(Phase(SHAPE, 32), 0, 300),),
        regularizers={"lt": latent_transform(3.0, 0.5, "hidden0", hidden=64, learning_rate=3e-3)},
        latents=normal(8),
        generator_batch_multiple=2,
    )
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (1, 32, *SHAPE)), jnp.float32)
    before = game.init(jax.random.key(0))

    def play(state):
        return jax.lax.scan(
            lambda state, _: game.step(state, {"image": images}, game.stretches[0].phase), state, length=800
        )

    after, metrics = jax.jit(play)(before)
    return game, before, after, metrics


def test_the_auxiliary_net_learns(learnt):
    """From guessing to seeing, in training and on fresh samples; and not where eps is far too small to be seen."""
    game, before, after, metrics = learnt
    accuracy = np.asarray(metrics["g/latent_transform_accuracy"])
    assert accuracy[:10].mean() < 0.7 and accuracy[-100:].mean() > 0.88
    assert metrics["g/latent_transform"][-100:].mean() < 0.4

    def fresh(state, sigma_eps):
        apply = lambda module, name: lambda *args: module.apply({"params": state.networks[name].params}, *args)
        judge = apply(game.regularizers["lt"].heads()["latent_transform"].module, "latent_transform")
        judges = apply(game.discriminator, "discriminator")
        feature = lambda images: tapped(judges(images).features, "hidden0")
        nets = judge, apply(game.generator, "generator"), feature

        def one(key):
            z = jax.random.normal(jax.random.fold_in(key, 0), (64, 8))
            return pair_accuracy(*nets, z, jax.random.fold_in(key, 1), sigma_eps)

        return float(jnp.mean(jax.lax.map(one, jax.random.split(jax.random.key(7), 20))))

    assert fresh(before, 0.5) < 0.7 and fresh(after, 0.5) > 0.85
    assert fresh(after, 1e-3) < 0.65


def test_d_is_not_trained_by_the_task(learnt):
    """One round with the task's weight at zero and at one leaves D the same."""
    game, before, *_ = learnt
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (1, 32, *SHAPE)), jnp.float32)
    after = []
    for weight in (0.0, 1.0):
        task = latent_transform(weight, 0.5, "hidden0", hidden=64)
        one = dataclasses.replace(game, regularizers={"lt": task})
        after.append(
            jax.jit(
                lambda s, one=one: one.step(s, {"image": images}, one.stretches[0].phase)[0],
                compiler_options={"xla_backend_optimization_level": 0},
            )(before)
        )
    params = lambda state, name: jax.tree.leaves(state.networks[name].params)
    same = lambda name: all(np.array_equal(a, b) for a, b in zip(*(params(s, name) for s in after), strict=True))
    assert same("discriminator") and not same("generator") and not same("latent_transform")

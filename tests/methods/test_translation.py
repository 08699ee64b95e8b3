"""pix2pix and CycleGAN: settings, what a round moves, and translations by image. Rounds against PyTorch stand beside this."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import patchgan, resnet_translator, unet
from gan_jax.game import Edit, Phase, Stretch, sampled
from gan_jax.losses import least_squares, non_saturating, nothing
from gan_jax.methods.cyclegan import CycleGAN
from gan_jax.methods.pix2pix import Pix2Pix
from gan_jax.methods.translators import TranslatorSampler
from gan_jax.optim import adam

QUICK = {"xla_backend_optimization_level": 0}  # these programs run for less time than they compile
SHAPE, B = (8, 8, 1), 4
PHASE = Phase(SHAPE, B)
STRETCHES = (Stretch(PHASE, 0, 9),)
JUDGE = patchgan.Discriminator(SHAPE, width=2, layers=1)


def pix2pix(**settings):
    settings = {"generator": unet.Generator(SHAPE, width=2, dropout_layers=(0,)), "discriminator": JUDGE, **settings}
    optimizers = {name: adam(1e-2) for name in Pix2Pix.networks}
    return Pix2Pix(**{"loss": non_saturating(), "optimizers": optimizers, "stretches": STRETCHES, **settings})


def cyclegan(**settings):
    net, judge = resnet_translator.Generator(SHAPE, width=2, blocks=1), dataclasses.replace(JUDGE, norm="instance")
    networks = {"a_to_b": net, "b_to_a": net, "discriminator_a": judge, "discriminator_b": judge}
    optimizers = {name: adam(1e-2) for name in CycleGAN.networks}
    given = {**networks, "loss": least_squares(1.0), "optimizers": optimizers, "stretches": STRETCHES, "pool": 3}
    return CycleGAN(**{**given, **settings})


def batch(seed=0):
    draw = lambda i: jax.random.uniform(jax.random.key(seed + i), (1, B, *SHAPE), minval=-1)
    return {"a": draw(0), "b": draw(1)}


@pytest.fixture(scope="module")
def translator():
    """A U-Net with batch normalisation and dropout, moved from where it began, as a sampler."""
    net = unet.Generator((16, 16, 1), width=2, dropout_layers=(1,))
    variables = jax.jit(net.init, compiler_options=QUICK)(jax.random.key(0), jnp.zeros((1, 16, 16, 1)))
    rng = np.random.default_rng(0)
    moved = jax.tree.map(lambda x: x + 0.3 * rng.normal(size=x.shape).astype(np.float32) ** 2, dict(variables))
    return TranslatorSampler(net, moved, "a", "b", dropout=True)


SAMPLED = jax.jit(sampled, compiler_options=QUICK)


def drawn(sampler, images, indices):
    return SAMPLED(sampler, jax.random.key(5), jnp.asarray(indices, jnp.uint32), {"a": images})[0]


def test_a_translation_is_of_its_image_and_its_number_alone(translator):
    images = jax.random.uniform(jax.random.key(1), (5, 16, 16, 1), minval=-1)
    all_at_once = drawn(translator, images, range(5))
    for i in (0, 3):
        np.testing.assert_allclose(drawn(translator, images[i : i + 1], [i])[0], all_at_once[i], atol=1e-5)
    assert float(jnp.max(jnp.abs(drawn(translator, images[:1], [7])[0] - all_at_once[0]))) > 1e-3  # another dropout
    still = translator.replace(dropout=False)
    np.testing.assert_allclose(drawn(still, images[:1], [7])[0], drawn(still, images, range(5))[0], atol=1e-5)


def test_own_statistics_are_those_of_a_batch_of_one(translator):
    still, x = translator.replace(dropout=False), jax.random.uniform(jax.random.key(1), (2, 16, 16, 1))
    apply = lambda train: jax.jit(
        lambda v, x: still.module.apply(v, x, train=train, dropout=False), compiler_options=QUICK
    )
    alone = apply(True)(still.variables, x[:1])
    np.testing.assert_allclose(drawn(still, x, [0, 1])[0], alone[0], atol=1e-5)
    running = still.replace(statistics="running")
    as_trained = apply(False)(still.variables, x)
    np.testing.assert_allclose(drawn(running, x, [0, 1]), as_trained, atol=1e-5)
    assert float(jnp.max(jnp.abs(as_trained[0] - alone[0]))) > 1e-3


def test_taps_and_edits_of_a_translation(translator):
    x = jax.random.uniform(jax.random.key(1), (2, 16, 16, 1))
    starts = translator.starts(jax.random.key(0), jnp.arange(2, dtype=jnp.uint32), {"a": x})
    draw = jax.jit(
        lambda starts, taps, edits: translator.synthesize(starts, taps, edits), static_argnums=1, compiler_options=QUICK
    )
    images, taps = draw(starts, ("map1", "back2"), {})
    assert taps["map1"].shape == (2, 4, 4, 4) and taps["back2"].shape == (2, 8, 8, 2)
    off = Edit(jnp.ones((1, 1, 1, 1)), jnp.zeros(2), jnp.zeros(2))
    edited, found = draw(starts, ("back2",), {"back2": off})
    assert not np.any(found["back2"]) and np.any(edited != images)
    with pytest.raises(ValueError, match="no tap map9; it has"):
        translator.synthesize(starts, ("map9",))
    with pytest.raises(ValueError, match="starts from a of the data"):
        translator.starts(jax.random.key(0), jnp.arange(2))


def test_l1_alone_leaves_the_discriminator_as_it_is():
    game = pix2pix(loss=nothing(), direction="b_to_a")
    state = jax.jit(game.init, compiler_options=QUICK)(jax.random.key(0))
    after, metrics = jax.jit(lambda s, b: game.step(s, b, PHASE), compiler_options=QUICK)(state, batch())
    assert set(game.samplers(after, PHASE)) == {"b_to_a"} and game.samplers(after, PHASE)["b_to_a"].given == ("b",)
    np.testing.assert_allclose(metrics["g/total"], 100 * metrics["g/l1"], rtol=1e-6)
    same = jax.tree.map(lambda a, b: bool(jnp.all(a == b)), state.networks, after.networks)
    assert all(jax.tree.leaves(same["discriminator"].params)) and not all(jax.tree.leaves(same["generator"].params))
    # A batch's statistics have moved once: 0.9 of 1 and 0.1 of the batch's.
    moved = after.networks["generator"].stats["batch_stats"]["up_norm0"]["variance"]
    assert np.all(np.asarray(moved) >= 0.9) and np.any(np.asarray(moved) != 1)


def test_an_unconditional_discriminator_sees_one_image():
    game = pix2pix(conditional=False)
    state = jax.eval_shape(game.init, jax.random.key(0))
    assert state.networks["discriminator"].params["conv0"]["kernel"].shape[2] == 1
    assert (
        jax.eval_shape(pix2pix().init, jax.random.key(0)).networks["discriminator"].params["conv0"]["kernel"].shape[2]
        == 2
    )
    jax.eval_shape(lambda s, b: game.step(s, b, PHASE), state, game.batch(PHASE))


def test_sides_of_different_channels():
    shapes = {"b": (8, 8, 3)}
    game = pix2pix(shapes=shapes, generator=unet.Generator(SHAPE, width=2, channels=3))
    assert {key: leaf.shape for key, leaf in game.batch(PHASE).items()} == {"a": (1, B, 8, 8, 1), "b": (1, B, 8, 8, 3)}
    state = jax.eval_shape(game.init, jax.random.key(0))
    assert state.networks["discriminator"].params["conv0"]["kernel"].shape[2] == 4
    jax.eval_shape(lambda s, b: game.step(s, b, PHASE), state, game.batch(PHASE))
    with pytest.raises(ValueError, match="generator makes images of 1 channel and the data's b has 3"):
        pix2pix(shapes=shapes)
    with pytest.raises(ValueError, match="set weight_identity to 0"):
        wide = resnet_translator.Generator(SHAPE, width=2, blocks=1, channels=3)
        cyclegan(shapes=shapes, a_to_b=wide)


@pytest.mark.parametrize("turns", ["joint", "one_by_one"])
def test_a_round_of_cyclegan_by_shapes(turns):
    game = cyclegan(turns=turns)
    state = jax.eval_shape(game.init, jax.random.key(0))
    after, metrics = jax.eval_shape(lambda s, b: game.step(s, b, PHASE), state, game.batch(PHASE))
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert state.memory["pool_a"]["images"].shape == (3, *SHAPE)
    wanted = {f"g/{term}" for term in ("adversarial", "total", "cycle_a", "cycle_b", "identity_a", "identity_b")}
    assert wanted | {"d/adversarial", "d/adversarial_a", "d/real_accuracy_b"} <= metrics.keys()


def test_pools_fill_in_order_and_translators_undo_each_other():
    game = cyclegan(weight_identity=0.0)
    state = jax.jit(game.init, compiler_options=QUICK)(jax.random.key(0))
    step = jax.jit(lambda s, b: game.step(s, b, PHASE), compiler_options=QUICK)
    first = drawn_of(game, state, "a_to_b", batch()["a"][0])
    after, metrics = step(state, batch())
    pool = after.memory["pool_b"]
    assert int(pool["filled"]) == 3  # a batch of 4 is more than it holds
    same = np.isclose(pool["images"], first[:3], atol=1e-5).all((1, 2, 3))
    assert same.sum() >= 2  # the fourth may have taken the place of one
    assert not {"g/identity_a", "g/identity_b"} & metrics.keys()
    measures = game.measures(after, PHASE)
    x = batch()["b"][0]
    there = drawn_of(game, after, "b_to_a", x)
    wanted = jnp.mean(jnp.abs(drawn_of(game, after, "a_to_b", there) - x))
    measured = jax.jit(lambda measure, x: measure(jax.random.key(0), {"b": x}), compiler_options=QUICK)
    np.testing.assert_allclose(measured(measures["cycle_b"], x), wanted, rtol=1e-5)


def drawn_of(game, state, name, x):
    sampler = game.samplers(state, PHASE)[name]
    return SAMPLED(sampler, jax.random.key(0), jnp.arange(len(x), dtype=jnp.uint32), {name[0]: x})[0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: pix2pix(direction="a_to_c"), "direction 'a_to_c' is not known .did you mean 'a_to_b'"),
        (lambda: pix2pix(statistics="batch"), "statistics 'batch'"),
        (lambda: pix2pix(weight_l1=-1.0), "weight_l1 must be 0 or more"),
        (lambda: cyclegan(turns="in_turn"), "turns 'in_turn'"),
        (lambda: cyclegan(pool=-1), "pool must be a whole number from 0 on"),
        (lambda: pix2pix(stretches=(Stretch(Phase(SHAPE, 4, 2), 0, 3),)), "one update of each player a round"),
        (lambda: cyclegan(stretches=(Stretch(PHASE, 0, 3, fade=True),)), "neither grow nor fade"),
        (lambda: pix2pix(stretches=(Stretch(Phase((2,), 4), 0, 3),)), "is played with images"),
        (lambda: pix2pix(stretches=(Stretch(PHASE, 0, 3), Stretch(PHASE, 3, 4, reset=("a_to_b",)))), "resets 'a_to_b'"),
    ],
)
def test_settings_that_do_not_do(make, says):
    with pytest.raises(ValueError, match=says):
        make()

"""The rotation task against plain numpy, on a discriminator and a head that are matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.regularizers.rotation import rotate, rotation
from gan_jax.types import Verdict

SIDE, B, F = 3, 16, 5
PLAYERS = ["discriminator", "generator"]


@pytest.fixture
def game(rng, make_play):
    """A play, and the images, labels and matrices it is made of. D's features depend on the class, too."""
    weights = rng.normal(size=(SIDE * SIDE * 2, F)).astype(np.float32)
    head = rng.normal(size=(F, 4)).astype(np.float32)
    images = {player: rng.normal(size=(B, SIDE, SIDE, 2)).astype(np.float32) for player in PLAYERS}
    labels = {player: rng.integers(0, 3, B) for player in PLAYERS}
    asked = []

    def features(images, label, weights=weights, xp=np):
        scale = 1 if label is None else 1 + label[:, None].astype(np.float32)
        return xp.tanh(images.reshape(images.shape[0], -1) @ weights) * scale

    def make(labelled=True, weights=weights, head=head, **more):
        def discriminator(x, label=None):
            asked.append(x.shape[0])
            return Verdict(jnp.zeros(x.shape[0]), {"pooled": features(x, label, weights, jnp)})

        told = {"real_label": labels["discriminator"], "fake_label": labels["generator"]} if labelled else {}
        nets = {"rotation": lambda f: f @ head}
        play = make_play(discriminator, images["discriminator"], images["generator"], nets=nets, **told, **more)
        asked.clear()
        return play

    def expected(player, pairs, labelled=True):
        """(cross-entropy, accuracy) over (image number, turn) pairs."""
        own, losses, hits = labels[player], [], []
        for i, turn in pairs:
            image = np.rot90(images[player][i], turn)[None]
            logits = (features(image, own[i : i + 1] if labelled else None) @ head)[0].astype(np.float64)
            losses.append(np.log(np.sum(np.exp(logits))) - logits[turn])
            hits.append(np.argmax(logits) == turn)
        return np.mean(losses), np.mean(hits)

    make.expected, make.asked, make.weights, make.head = expected, asked, weights, head
    return make


def test_turns_are_compare_gans():
    """90: flipUD(transpose), 180: flipUD and flipLR, 270: transpose(flipUD). That is numpy's rot90: counter-clockwise."""
    image = np.arange(18.0).reshape(3, 3, 2)
    transpose, up_down, left_right = lambda x: x.transpose(1, 0, 2), lambda x: x[::-1], lambda x: x[:, ::-1]
    turned = [image, up_down(transpose(image)), left_right(up_down(image)), transpose(up_down(image))]
    for quarters, expected in enumerate(turned):
        np.testing.assert_array_equal(rotate(jnp.asarray(image)[None], quarters)[0], expected)
        np.testing.assert_array_equal(np.rot90(image, quarters), expected)
    corner = rotate(jnp.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None], 1)[0, :, :, 0]
    np.testing.assert_array_equal(corner, [[2, 4], [1, 3]])


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(
    "choice, fraction, pairs, new",
    [
        # Every fourth image by all four angles; upright, D has judged it already.
        ("all_angles", 0.25, [(i, q) for i in (0, 4, 8, 12) for q in range(4)], 12),
        ("all_angles", 1.0, [(i, q) for i in range(16) for q in range(4)], 48),
        # Each image once: the first upright, the second by 90 degrees, ...
        ("one_angle", 1.0, [(i, i % 4) for i in range(16)], 16),
        ("one_angle", 0.5, [(i, (i // 2) % 4) for i in range(0, 16, 2)], 8),
    ],
)
def test_term_by_hand(game, player, labelled, choice, fraction, pairs, new):
    """D is asked about turned real images, G about turned fakes, each with its own image's class, upright ones included."""
    task = rotation(weight_d=2.0, weight_g=3.0, fraction=fraction, choice=choice)
    term = getattr(task, player)(game(labelled), task.init())
    loss, accuracy = game.expected(player, pairs, labelled)
    np.testing.assert_allclose(term.metrics["rotation"], loss, rtol=1e-5)
    np.testing.assert_allclose(term.metrics["rotation_accuracy"], accuracy)
    np.testing.assert_allclose(term.loss, {"discriminator": 2.0, "generator": 3.0}[player] * loss, rtol=1e-5)
    assert term.memory == () and game.asked == [new]


@pytest.mark.parametrize("settings", [{}, {"fraction": 1.0, "choice": "one_angle"}])
def test_every_turn_is_asked_equally_often(game, settings):
    for turn in range(4):
        play = game()
        always = lambda features, turn=turn: jnp.zeros((features.shape[0], 4)).at[:, turn].set(1.0)
        play.nets["rotation"] = always
        assert float(rotation(**settings).discriminator(play, ()).metrics["rotation_accuracy"]) == 0.25


def test_a_blind_head_costs_log_4(game):
    term = rotation().discriminator(game(head=np.zeros((F, 4), np.float32)), ())
    np.testing.assert_allclose(term.loss, np.log(4), rtol=1e-6)


def test_defaults_are_the_papers():
    task = rotation()
    assert (task.weight_d, task.weight_g, task.fraction, task.choice) == (1.0, 0.2, 0.25, "all_angles")
    (name, head), *others = task.heads().items()
    assert name == "rotation" and head.player == "discriminator" and not others
    assert head.module.features == 4 and head.module.scheme == "spectral"
    assert rotation(scheme=None).heads()["rotation"].module.scheme is None
    pooled = {"pooled": jnp.zeros((2, 7)), "map": jnp.zeros((2, 3, 3, 1))}
    params = jax.eval_shape(lambda: head.module.init(jax.random.key(0), *head.example(pooled)))["params"]
    assert params["kernel"].shape == (7, 4)


def test_weights_may_be_schedules_of_the_round(game):
    """alpha falls from 0.2 to 0 over 10 rounds; beta rises."""
    task = rotation(optax.linear_schedule(1.0, 2.0, 10), optax.linear_schedule(0.2, 0.0, 10))
    at = lambda round, player: getattr(task, player)(game(round=round), ())
    for round, alpha, beta in ((0, 0.2, 1.0), (5, 0.1, 1.5), (10, 0.0, 2.0), (50, 0.0, 2.0)):
        for player, weight in (("generator", alpha), ("discriminator", beta)):
            term = at(round, player)
            np.testing.assert_allclose(term.loss, weight * term.metrics["rotation"], rtol=1e-5, atol=1e-7)
            assert bool(term.rests) == (weight == 0)


@pytest.mark.parametrize("player", PLAYERS)
def test_slopes_reach_the_network_and_the_head(game, player):
    """Both through the turned and through the upright images."""

    def loss(weights, head):
        return getattr(rotation(), player)(game(weights=weights, head=head), ()).loss

    of_network, of_head = jax.jit(jax.grad(loss, (0, 1)))(game.weights, game.head)
    assert np.all(np.abs(of_network).max(0) > 1e-3) and np.all(np.abs(of_head).max(0) > 1e-3)
    step, along = 1e-2, np.random.default_rng(1).normal(size=game.weights.shape).astype(np.float32)
    difference = (loss(game.weights + step * along, game.head) - loss(game.weights - step * along, game.head)) / (
        2 * step
    )
    np.testing.assert_allclose(np.vdot(of_network, along), difference, rtol=2e-2)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"choice": "any"}, "all_angles, one_angle, not 'any'"),
        ({"fraction": 0.3}, "one over a whole number.*0.3"),
        ({"fraction": 0.0}, "fraction must be"),
        ({"fraction": 2.0}, "fraction must be"),
        ({"fraction": -0.5}, "fraction must be"),
    ],
)
def test_what_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        rotation(**settings)


@pytest.mark.parametrize(
    "shape, settings, message",
    [
        ((8, 4, 6, 1), {}, r"square images, got \(4, 6, 1\)"),
        ((8, 2), {}, r"square images, got \(2,\)"),
        ((10, 4, 4, 1), {}, "fraction 0.25 does not divide a batch of 10"),
        ((10, 4, 4, 1), {"fraction": 1.0, "choice": "one_angle"}, "does not divide a batch of 10"),
        ((8, 4, 4, 1), {"fraction": 0.25, "choice": "one_angle"}, "does not divide a batch of 8"),
    ],
)
def test_what_batches_are_refused(make_play, shape, settings, message):
    discriminator = lambda x, label=None: Verdict(jnp.zeros(x.shape[0]), {"pooled": x.reshape(x.shape[0], -1)})
    play = make_play(discriminator, np.zeros(shape), np.zeros(shape))
    with pytest.raises(ValueError, match=message):
        rotation(**settings).discriminator(play, ())


def test_packs_are_refused(make_play):
    """A pack's features are of several images, which would be turned apart."""
    packs = lambda x, label=None: Verdict(jnp.zeros(x.shape[0] // 2), {"pooled": jnp.zeros((x.shape[0] // 2, 3))})
    play = make_play(packs, np.zeros((8, 4, 4, 1)), np.zeros((8, 4, 4, 1)))
    for player in PLAYERS:
        with pytest.raises(ValueError, match="rotation asks about single images.*judges packs"):
            getattr(rotation(), player)(play, ())

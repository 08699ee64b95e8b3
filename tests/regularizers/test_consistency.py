"""Consistency in images and in latents, against plain numpy."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.augment.policies import flip, reflected_shift
from gan_jax.regularizers.consistency import consistency, latent_consistency
from gan_jax.types import Verdict, named_key

SHAPE, B, Z = (8, 8, 1), 6, 3


@pytest.fixture
def game(rng, make_play):
    """D(x, y) = (1 + y) tanh(w . x), G(z) = z M. It writes down what D is shown, and under what noise."""
    w = rng.normal(size=64).astype(np.float32)
    m = rng.normal(size=(Z, 64)).astype(np.float32)
    real, fake = rng.normal(size=(2, B, *SHAPE)).astype(np.float32)
    shown = []

    def make(w=w, m=m, labelled=False, pack=1, **more):
        def discriminator(x, label=None, noise=None):
            shown.append((x, noise))
            scale = 1.0 if label is None else 1.0 + label.astype(jnp.float32)
            logits = scale * jnp.tanh(x.reshape(x.shape[0], -1) @ w)
            return Verdict(logits.reshape(-1, pack).mean(1), {})

        labels = np.arange(B) % 3 if labelled else None
        generator = lambda z, label=None: (
            (z @ m).reshape(-1, *SHAPE) * (1.0 if label is None else 1.0 + label[:, None, None, None])
        )
        play = make_play(discriminator, real, fake, labels, labels, nets={"generator": generator}, **more)
        shown.clear()
        return play

    make.shown, make.w, make.m = shown, w, m
    make.logits = lambda x, labels=None: (
        (1 if labels is None else 1 + labels) * np.tanh(np.asarray(x).reshape(len(x), -1) @ w)
    )
    return make


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("weights, sides", [((10.0, 0.0), "r"), ((0.0, 4.0), "f"), ((10.0, 4.0), "rf")])
def test_terms_by_hand(game, weights, sides, labelled):
    """weight * E[(D(x) - D(T(x)))^2], where T is a flip and a shift drawn from the regulariser's own key."""
    play = game(labelled=labelled)
    term = consistency(*weights).discriminator(play, ())
    assert len(game.shown) == len(sides) == len(term.metrics)
    expected = 0.0
    for side in sides:
        name, batch, weight = {
            "r": ("consistency_real", play.real, weights[0]),
            "f": ("consistency_fake", play.fake, weights[1]),
        }[side]
        key = named_key(jax.random.key(0), name)
        changed = reflected_shift(named_key(key, "shift"), flip(named_key(key, "flip"), batch["image"]))
        (seen, noise), *_ = [look for look in game.shown if np.array_equal(look[0], changed)]
        assert jax.random.key_data(noise).tolist() == jax.random.key_data(named_key(key, "look")).tolist()
        labels = np.asarray(batch["label"]) if labelled else None
        distance = np.mean((game.logits(batch["image"], labels) - game.logits(changed, labels)) ** 2)
        np.testing.assert_allclose(term.metrics[name], distance, rtol=1e-5)
        expected += weight * distance
    np.testing.assert_allclose(term.loss, expected, rtol=1e-5)
    assert float(consistency(*weights).generator(play, ()).loss) == 0


def test_images_are_flipped_and_shifted_with_reflection(game):
    """Each shown image is one of 2 * 3 * 3 changes of its own; more than one of them is drawn."""
    play = game()
    consistency().discriminator(play, ())
    (shown, _), drawn = game.shown[0], set()
    for image, seen in zip(np.asarray(play.real["image"]), np.asarray(shown), strict=True):
        found = [
            (flipped, down, right)
            for flipped in (0, 1)
            for down in range(3)
            for right in range(3)
            if np.array_equal(
                seen,
                np.pad(image[:, ::-1] if flipped else image, [(1, 1), (1, 1), (0, 0)], mode="reflect")[
                    down : down + 8, right : right + 8
                ],
            )
        ]
        assert len(found) == 1
        drawn.add(found[0])
    assert len(drawn) > 2
    consistency(max_shift=0).discriminator(play, ())
    still, upright = np.asarray(game.shown[1][0]), np.asarray(play.real["image"])
    assert all(np.array_equal(a, b) or np.array_equal(a, b[:, ::-1]) for a, b in zip(still, upright, strict=True))


def test_both_logits_are_pulled(game):
    """The slope in w is the one of the whole difference: a difference quotient agrees."""
    loss = lambda w: consistency(1.0, 1.0).discriminator(game(w=w), ()).loss
    slope = jax.grad(loss)(game.w)
    step, along = 1e-3, np.random.default_rng(1).normal(size=64).astype(np.float32)
    np.testing.assert_allclose(
        np.vdot(slope, along), (loss(game.w + step * along) - loss(game.w - step * along)) / (2 * step), rtol=2e-2
    )
    assert np.linalg.norm(slope) > 1e-2


def test_packs_are_compared_as_packs(game):
    play = game(pack=2)
    term = consistency().discriminator(play, ())
    before, after = (game.logits(x).reshape(-1, 2).mean(1) for x in (play.real["image"], game.shown[0][0]))
    np.testing.assert_allclose(term.loss, 10 * np.mean((before - after) ** 2), rtol=1e-5)


def test_latents_by_hand(game):
    """D: 20 E[(D(G(z)) - D(G(z + d)))^2]; G: -0.5 E[(G(z) - G(z + d))^2], the mean over pixels."""
    for labelled in (False, True):
        play = game(labelled=labelled, key=jax.random.key(0))
        labels = np.asarray(play.latents["label"]) if labelled else None
        z = 0.05 * np.asarray(jax.random.normal(jax.random.key(0), (B, Z)))  # make_play's latents are zeros
        images = (z @ game.m).reshape(B, *SHAPE) * (1 if labels is None else 1 + labels[:, None, None, None])
        of_d = latent_consistency().discriminator(play, ())
        seen, fake = (game.logits(x, labels) for x in (images, np.asarray(play.fake["image"])))
        np.testing.assert_allclose(of_d.metrics["latent_consistency"], np.mean((fake - seen) ** 2), rtol=1e-5)
        np.testing.assert_allclose(of_d.loss, 20 * of_d.metrics["latent_consistency"], rtol=1e-6)
        assert game.shown[0][1] is None  # under the very noise of the fakes
        of_g = latent_consistency().generator(dataclasses.replace(play, key=jax.random.key(0)), ())
        distance = np.mean((np.asarray(play.fake["image"]) - images) ** 2)
        np.testing.assert_allclose(of_g.metrics["latent_consistency"], distance, rtol=1e-5)
        np.testing.assert_allclose(of_g.loss, -0.5 * distance, rtol=1e-5)


def test_who_learns_from_latents(game):
    """D from its own term alone, and G from its own alone."""
    loss = lambda player: lambda w, m: getattr(latent_consistency(), player)(game(w=w, m=m), ()).loss
    of_w, of_m = jax.grad(loss("discriminator"), (0, 1))(game.w, game.m)
    assert np.any(of_w) and not np.any(of_m)
    of_w, of_m = jax.grad(loss("generator"), (0, 1))(game.w, game.m)
    assert not np.any(of_w) and np.any(of_m)


def test_weights_may_be_schedules(game):
    rising = optax.linear_schedule(0.0, 10.0, 10)
    play = game(round=5)
    term = consistency(rising, rising).discriminator(play, ())
    np.testing.assert_allclose(term.loss, 5 * sum(term.metrics.values()), rtol=1e-5)


def test_defaults_are_the_papers():
    assert (consistency().weight_real, consistency().weight_fake, consistency().max_shift) == (10.0, 0.0, None)
    task = latent_consistency()
    assert (task.sigma, task.weight_d, task.weight_g) == (0.05, 20.0, 0.5)


def test_refusals(game, make_play):
    with pytest.raises(ValueError, match="max_shift must be a whole number from 0 on, got -1"):
        consistency(max_shift=-1)
    with pytest.raises(ValueError, match="sigma must be more than 0, got 0"):
        latent_consistency(sigma=0)
    points = make_play(lambda x, label=None: Verdict(x[:, 0], {}), np.zeros((4, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"images \[B, H, W, C\], got \(4, 2\)"):
        consistency().discriminator(points, ())


def test_without_mirroring_and_shifting_nothing_is_inconsistent(game):
    assert float(consistency(mirror=False, max_shift=0).discriminator(game(), ()).loss) == 0
    mirrored = consistency(mirror=True, max_shift=0).discriminator(game(), ())
    assert float(mirrored.loss) > 0

"""InfoGAN's codes, and the head that tells them, against plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import mlp
from gan_jax.game import Phase, Stretch
from gan_jax.latents import coded, normal, uniform
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.mutual_information import CodeTeller, code_loss, mutual_information
from gan_jax.types import Verdict

LATENTS = coded(uniform(2), (3,), 2)
Z = np.array([[0.1, 0.2, 0, 1, 0, 0.5, -1.0], [0.3, 0.4, 1, 0, 0, 0.0, 1.0]], np.float32)
TOLD = np.array([[1.0, 2.0, 0.0, 0.5, 0.0], [0.0, 3.0, 0.0, 1.0, 1.0]], np.float32)


def by_hand():
    cross = np.mean([np.log(np.exp(TOLD[0, :3]).sum()) - 2.0, np.log(np.exp(TOLD[1, :3]).sum()) - 0.0])
    squares = [np.mean([0.0, 1.0]), np.mean([1.0, 0.0])]
    nats = sum(0.5 * square + 0.5 * np.log(2 * np.pi) for square in squares)
    return cross, nats, np.sqrt(np.mean(squares))


def test_latents_are_noise_then_one_hots_then_numbers():
    z = np.asarray(LATENTS.draw(jax.random.key(0), 600))
    assert z.shape == (600, LATENTS.dim) and LATENTS.dim == 7
    assert [(code.start, code.size, code.is_categorical) for code in LATENTS.codes] == [
        (2, 3, True),
        (5, 1, False),
        (6, 1, False),
    ]
    assert set(np.unique(z[:, 2:5])) == {0.0, 1.0} and np.all(z[:, 2:5].sum(1) == 1)
    assert np.all(np.abs(z[:, 2:5].mean(0) - 1 / 3) < 0.06)
    for column in (0, 1, 5, 6):
        assert z[:, column].min() < -0.95 and z[:, column].max() > 0.95
    assert np.all(np.abs(np.corrcoef(z[:, [0, 1, 5, 6]].T) - np.eye(4)) < 0.15)
    short = coded(normal(2), (2,), 0).truncated(0.1)
    assert np.abs(np.asarray(short.draw(jax.random.key(0), 50))[:, :2]).max() <= 0.1


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"categorical": (), "continuous": 0}, "a code at least"),
        ({"categorical": (1,)}, r"categorical\[0\]"),
        ({"noise": coded()}, "no codes of its own"),
    ],
)
def test_codes_that_are_none_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        coded(**settings)


def test_losses_by_hand():
    cross, nats, deviation = by_hand()
    found = code_loss(jnp.asarray(TOLD), LATENTS.codes, jnp.asarray(Z))
    expected = {"categorical": cross, "continuous": nats, "accuracy": 0.5, "deviation": deviation}
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("in_both", [True, False])
def test_who_is_trained_by_the_information(make_play, in_both):
    task = mutual_information(2.0, 0.1, in_both, latents=LATENTS)
    discriminator = lambda x, label=None: Verdict(jnp.zeros(len(x)), {"pooled": x})
    play = make_play(discriminator, TOLD, TOLD, nets={"codes": lambda features: features})
    play = type(play)(**{**vars(play), "latents": {"z": jnp.asarray(Z)}})
    cross, nats, _ = by_hand()
    expected = 2 * cross + 0.1 * nats
    g, d = task.generator(play, ()), task.discriminator(play, ())
    np.testing.assert_allclose(g.loss, expected, rtol=1e-5)
    np.testing.assert_allclose(d.loss, expected if in_both else 0.0, rtol=1e-5)
    assert set(d.metrics) == (set(g.metrics) if in_both else set())
    (head,) = task.heads().values()
    assert head.player == ("discriminator" if in_both else "generator") and head.module.outputs == 5


def test_the_head_normalises_by_the_batch_and_keeps_nothing():
    teller, x = CodeTeller(3, 4), jax.random.normal(jax.random.key(1), (16, 5))
    variables = teller.init(jax.random.key(0), x)
    assert set(variables) == {"params"}
    kernel = np.asarray(variables["params"]["hidden"]["kernel"])
    h = np.asarray(x) @ kernel
    h = (h - h.mean(0)) / np.sqrt(h.var(0) + 1e-5)
    h = np.where(h > 0, h, 0.1 * h) @ np.asarray(variables["params"]["output"]["kernel"])
    np.testing.assert_allclose(teller.apply(variables, x), h, atol=1e-5)


def test_codes_that_do_not_fit_the_latents_are_refused_before_training():
    with pytest.raises(ValueError, match="these have none: set latents to"):
        mutual_information(latents=normal(4))
    shape = (2, 2, 1)
    make = lambda latents: Adversarial(
        mlp.Generator(shape, (4,)),
        mlp.Discriminator(shape, (4,)),
        losses.non_saturating(),
        {"generator": optim.sgd(), "discriminator": optim.sgd()},
        (Stretch(Phase(shape, 4), 0, 1),),
        {"information": mutual_information(latents=LATENTS)},
        latents=latents,
    )
    make(LATENTS)
    with pytest.raises(ValueError, match="tells the codes of"):
        make(coded(uniform(2), (4,), 2))

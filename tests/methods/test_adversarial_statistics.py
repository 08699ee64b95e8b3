"""When statistics move: batch normalisation and power iteration once an update of their network, whatever is switched on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import dcgan
from gan_jax.optim import Ema
from gan_jax.regularizers.gradient_penalty import r1
from gan_jax.regularizers.rotation import rotation
from gan_jax.types import named_key

SHAPE = (4, 4, 1)
INERT = {"turn": rotation(0.0, 0.0, fraction=0.5, scheme=None), "slope": r1(0.0)}  # they look, and weigh nothing


def close(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-6)


def normed(make_game, **changes):
    """Both networks with batch normalisation; the learning rates are zero, so that only statistics move."""
    networks = {"generator": dcgan.Generator(SHAPE, (3,)), "discriminator": dcgan.Discriminator(SHAPE, (2, 3))}
    return make_game(rates=(0.0, 0.0), d_steps=2, ema=Ema(0.75), **networks, **changes)


@pytest.fixture(scope="module")
def norms(make_game, play):
    return play(normed(make_game), n=1)


def test_batch_statistics_move_once_an_update_of_their_own_network(make_game, rounds_of, norms):
    """G's once a round, by the fakes of its own update; D's once in each of its two updates, by the real images."""
    game, (before, after) = normed(make_game), norms[0]
    batch = rounds_of(game, 1)[0]["image"]
    key = jax.random.fold_in(jax.random.fold_in(before.key, 0), 2)  # after two substeps
    z = jax.random.normal(named_key(key, "latents"), (8, game.latents.dim))

    def moved(name, module, *inputs):
        network = before.networks[name]
        variables = {"params": network.params, **network.stats}
        for x in inputs:
            _, changed = module.apply(variables, x, train=True, mutable=["batch_stats"])
            variables = variables | changed
        return variables["batch_stats"]

    of_g, of_d = (after.networks[name] for name in ("generator", "discriminator"))
    close(of_g.stats["batch_stats"], moved("generator", game.generator, z))
    close(of_d.stats["batch_stats"], moved("discriminator", game.discriminator, *batch))
    first = before.networks["generator"].stats["batch_stats"]
    assert not jnp.allclose(of_g.stats["batch_stats"]["stem_norm"]["variance"], first["stem_norm"]["variance"])
    close(
        of_g.ema["stats"],
        jax.tree.map(lambda a, b: 0.75 * a + 0.25 * b, before.networks["generator"].stats, of_g.stats),
    )


def test_looks_of_regularizers_move_no_batch_statistics(make_game, play, norms):
    states, _ = play(normed(make_game, regularizers=INERT), n=1)
    for name in ("generator", "discriminator"):
        close(states[1].networks[name].stats, norms[0][1].networks[name].stats)
        close(states[1].networks[name].params, norms[0][1].networks[name].params)


@pytest.fixture(scope="module")
def spectra(make_game, play):
    return play(make_game(scheme="spectral"))


def test_power_iteration_moves_once_an_update(spectra):
    """u' = W^T v / |.| with v = W u / |.|, on the weights as the update has left them."""
    for before, after in zip(spectra[0], spectra[0][1:], strict=False):
        old, new = (state.networks["discriminator"] for state in (before, after))
        assert set(new.stats["spectral"]) == {"hidden0", "hidden1", "head"}
        for name, vectors in new.stats["spectral"].items():
            weight = np.asarray(new.params[name]["kernel"], np.float64)
            v = weight @ np.asarray(old.stats["spectral"][name]["kernel"]["u"], np.float64)
            u = weight.T @ (v / np.linalg.norm(v))
            np.testing.assert_allclose(vectors["kernel"]["v"], v / np.linalg.norm(v), atol=1e-5)
            np.testing.assert_allclose(vectors["kernel"]["u"], u / np.linalg.norm(u), atol=1e-5)
        assert not np.allclose(
            old.stats["spectral"]["hidden0"]["kernel"]["v"], new.stats["spectral"]["hidden0"]["kernel"]["v"]
        )


def test_looks_of_regularizers_move_no_spectral_vectors(make_game, play, spectra):
    """Vectors of heads move with the player they are trained with, unless they rest: here a weight too small to be felt."""
    turn = rotation(1e-30, 0.0, fraction=0.5, scheme="spectral")
    states, _ = play(make_game(scheme="spectral", regularizers={"turn": turn, "slope": r1(0.0)}))
    for with_looks, without in zip(states, spectra[0], strict=True):
        close(with_looks.networks["discriminator"].stats, without.networks["discriminator"].stats)
        close(with_looks.networks["discriminator"].params, without.networks["discriminator"].params)
    head = states[-1].networks["rotation"]
    sigma = np.linalg.svd(head.params["kernel"])[1][0]
    vectors, first = head.stats["spectral"]["kernel"], states[0].networks["rotation"].stats["spectral"]["kernel"]
    assert not np.array_equal(vectors["v"], first["v"]) and not np.array_equal(vectors["u"], first["u"])
    np.testing.assert_allclose(vectors["v"] @ head.params["kernel"] @ vectors["u"], sigma, rtol=1e-3)

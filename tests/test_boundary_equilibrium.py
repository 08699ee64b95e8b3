"""BEGAN's loss against numbers worked out by hand, and the rate that falls where its measure stalls."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import augmented, began, mlp

SHAPE = (8, 8, 1)


def test_k_and_m_over_three_rounds():
    """gamma 0.5, lambda 0.1. Errors of real and fake images: (0.8, 0.2), (0.6, 0.5), (0.5, 0.1) -> balance 0.2, -0.2, 0.15."""
    loss = losses.boundary_equilibrium(gamma=0.5, lambda_k=0.1)
    memory = loss.init()
    expected = [  # k before, L_D, M, k after
        (0.0, 0.8, 0.8 + 0.2, 0.02),
        (0.02, 0.6 - 0.02 * 0.5, 0.6 + 0.2, 0.0),
        (0.0, 0.5, 0.5 + 0.15, 0.015),
    ]
    for (real, fake), (k, value, measure, after) in zip([(0.8, 0.2), (0.6, 0.5), (0.5, 0.1)], expected, strict=True):
        logits = jnp.array([-real - 0.1, -real + 0.1]), jnp.array([-fake - 0.05, -fake + 0.05])
        term = loss.discriminator(*logits, memory)
        np.testing.assert_allclose(
            [term.loss, term.metrics["k"], term.metrics["convergence"]], [value, k, measure], 1e-5
        )
        np.testing.assert_allclose(term.memory["k"], after, atol=1e-6)
        memory = term.memory
        of_g = loss.generator(*logits, memory)
        np.testing.assert_allclose([of_g.loss, of_g.metrics["convergence"]], [fake, measure], rtol=1e-5)
        assert of_g.memory is memory


@pytest.mark.parametrize("k, real, after", [(0.0, 0.0, 0.0), (0.95, 9.0, 1.0)])
def test_k_stays_between_0_and_1(k, real, after):
    loss = losses.boundary_equilibrium(lambda_k=0.1)
    term = loss.discriminator(
        jnp.array([-real]), jnp.array([-1.0]), {"k": jnp.float32(k), "convergence": jnp.zeros(())}
    )
    assert float(term.memory["k"]) == after


def test_slopes_know_k_as_a_constant():
    loss, memory = losses.boundary_equilibrium(), {"k": jnp.float32(0.3), "convergence": jnp.zeros(())}
    of = lambda real, fake: loss.discriminator(real, fake, memory).loss
    of_real, of_fake = jax.grad(of, (0, 1))(jnp.array([-0.5, -0.7]), jnp.array([-0.2, -0.4]))
    np.testing.assert_allclose(of_real, [-0.5, -0.5])
    np.testing.assert_allclose(of_fake, [0.15, 0.15], rtol=1e-6)


def test_what_is_right_is_not_a_sign():
    """The middle between gamma E[L(x)] = 0.4 and E[L(G)] = 0.6 is 0.5: real errors below 1, fake ones above 0.5."""
    real, fake = losses.boundary_equilibrium(0.5).right(-jnp.array([0.5, 1.1]), -jnp.array([0.4, 0.8]))
    assert real.tolist() == [True, False] and fake.tolist() == [False, True]


def test_a_discriminator_that_is_no_autoencoder_is_refused(make_equilibrium):
    with pytest.raises(ValueError, match=r"autoencoder.*mlp.Discriminator is none: set discriminator.type"):
        make_equilibrium(mlp.Discriminator(SHAPE, (4,)))
    with pytest.raises(ValueError, match=r"mlp.Discriminator is none"):
        make_equilibrium(augmented.Augmented(mlp.Discriminator(SHAPE, (4,))))
    with pytest.raises(ValueError, match=r"mlp.Discriminator is none"):
        top = losses.top_k(losses.boundary_equilibrium(), 0.5)
        make_equilibrium(mlp.Discriminator(SHAPE, (4,)), top)
    make_equilibrium(augmented.Augmented(began.Autoencoder(SHAPE, 4)))


@pytest.fixture
def make_equilibrium():
    from gan_jax.game import Phase, Stretch
    from gan_jax.methods.adversarial import Adversarial

    def make(discriminator, loss=None):
        optimizers = {"generator": optim.sgd(), "discriminator": optim.sgd()}
        stretches = (Stretch(Phase(SHAPE, 4), 0, 1),)
        return Adversarial(
            mlp.Generator(SHAPE, (4,)), discriminator, loss or losses.boundary_equilibrium(), optimizers, stretches
        )

    return make


def test_the_rate_is_halved_where_the_measure_stalls():
    """Means over 2 updates: 1, 0.5, 0.5, 0.5: the fourth is the second in a row that is not lower, and patience is 2."""
    tx = optim.on_stall(optim.sgd(1.0), window=2, patience=2, lowest=0.3)
    state, steps = tx.init(jnp.ones(3)), []
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(state))
    for value in (1.2, 0.8, 0.5, 0.5, 0.6, 0.4, 0.5, 0.5, *[0.5] * 8):
        update, after = tx.update(jnp.ones(3), state, jnp.ones(3), metrics={"convergence": jnp.float32(value)})
        assert jax.tree.map(lambda a: (a.shape, a.dtype), after) == jax.tree.map(lambda a: (a.shape, a.dtype), state)
        steps.append(-float(update[0]))
        state = after
    np.testing.assert_allclose(steps, [1] * 7 + [0.5] * 4 + [0.3] * 5, rtol=1e-6)


def test_an_optimiser_that_watches_what_is_not_there_says_so():
    tx = optim.on_stall(optim.adam(), metric="convergance")
    with pytest.raises(ValueError, match="watches 'convergance', and this update reports k, convergence"):
        tx.update(jnp.ones(1), tx.init(jnp.ones(1)), jnp.ones(1), metrics={"k": 0.0, "convergence": 0.0})


def test_the_wrapped_optimiser_is_told_the_time():
    tx = optim.on_stall(optim.sgd(optax.linear_schedule(1.0, 0.0, 10)))
    from gan_jax.types import Clock

    told = {"clock": Clock(jnp.int32(5), jnp.float32(0)), "metrics": {"convergence": jnp.float32(1)}}
    update, _ = tx.update(jnp.ones(1), tx.init(jnp.ones(1)), jnp.ones(1), **told)
    np.testing.assert_allclose(update, [-0.5])

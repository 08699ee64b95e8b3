"""LeCam against numbers worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.lecam import lecam, lecam_penalty
from gan_jax.types import Verdict

REAL, FAKE = [2.0, -1.0, 0.5], [0.0, -3.0, 1.5]


@pytest.fixture
def play(make_play):
    """A play whose logits are the images."""
    identity = lambda x, label=None: Verdict(x.reshape(-1), {})
    column = lambda values: jnp.reshape(jnp.asarray(values), (-1, 1, 1, 1))
    return lambda real=REAL, fake=FAKE, **more: make_play(identity, column(real), column(fake), **more)


def test_penalty_by_hand():
    """a_F = -1: (3, 0, 1.5)^2; a_R = 1: (1, 4, 0)^2."""
    value = lecam_penalty(jnp.array(REAL), jnp.array(FAKE), 1.0, -1.0)
    np.testing.assert_allclose(value, (9 + 0 + 2.25) / 3 + (1 + 16 + 0) / 3, rtol=1e-6)


def test_term_and_memory_by_hand(play):
    """a_R = 0.9 * 1 + 0.1 * 0.5, a_F = 0.9 * (-2) + 0.1 * (-0.5); the batch counts before it is judged."""
    task, memory = lecam(0.5, decay=0.9, start=3), {"real": jnp.float32(1.0), "fake": jnp.float32(-2.0)}
    term = task.discriminator(play(round=3), memory)
    a_r, a_f = 0.95, -1.85
    penalty = np.mean(np.maximum(0, np.array(REAL) - a_f) ** 2) + np.mean(np.maximum(0, a_r - np.array(FAKE)) ** 2)
    np.testing.assert_allclose([term.memory["real"], term.memory["fake"]], [a_r, a_f], rtol=1e-6)
    np.testing.assert_allclose([term.loss, term.metrics["lecam"]], [0.5 * penalty, penalty], rtol=1e-6)
    assert task.generator(play(round=3), memory).loss == 0


def test_before_its_start_it_only_looks(play):
    """The averages are the last batch's, so that the first round that counts starts from them."""
    task = lecam(start=3)
    term = task.discriminator(play(round=2), {"real": jnp.float32(9.0), "fake": jnp.float32(9.0)})
    assert float(term.loss) == 0 and float(term.metrics["lecam"]) == 0
    np.testing.assert_allclose([term.memory["real"], term.memory["fake"]], [0.5, -0.5], rtol=1e-6)


def test_slopes_are_through_the_logits_alone(play):
    """The averages are constants: d/dx of E[max(0, x - a_F)^2] is 2 max(0, x - a_F) / 3."""
    memory = {"real": jnp.float32(1.0), "fake": jnp.float32(-2.0)}
    loss = lambda real, fake: lecam(1.0, decay=0.9, start=0).discriminator(play(real, fake), memory).loss
    of_real, of_fake = jax.grad(lambda r, f: loss(r, f), (0, 1))(jnp.array(REAL), jnp.array(FAKE))
    np.testing.assert_allclose(of_real, 2 * np.maximum(0, np.array(REAL) + 1.85) / 3, rtol=1e-5)
    np.testing.assert_allclose(of_fake, -2 * np.maximum(0, 0.95 - np.array(FAKE)) / 3, rtol=1e-5)


def test_defaults_and_refusals():
    task = lecam()
    assert (task.weight, task.decay, task.start) == (0.3, 0.99, 1000) and not task.heads()
    assert {name: float(value) for name, value in task.init().items()} == {"real": 0.0, "fake": 0.0}
    with pytest.raises(ValueError, match="from 0 to below 1, got 1.0"):
        lecam(decay=1.0)

"""Centring against numbers worked out by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.centring import centring
from gan_jax.types import Verdict


def judge(x, label=None):
    """The first pixel is the logit."""
    return Verdict(x.reshape(x.shape[0], -1)[:, 0], {})


def test_by_hand(make_play):
    """Sums of pairs: 2 - 1, 0.5 - 3, -1 + 1: (1 + 6.25 + 0) / 3."""
    real, fake = (np.array(each, np.float32).reshape(3, 1, 1, 1) for each in ([2, 0.5, -1], [-1, -3, 1]))
    play = make_play(judge, real, fake)
    term = centring(0.3).discriminator(play, ())
    np.testing.assert_allclose(term.metrics["centring"], 7.25 / 3, rtol=1e-6)
    np.testing.assert_allclose(term.loss, 0.3 * 7.25 / 3, rtol=1e-6)
    assert float(centring().generator(play, ()).loss) == 0


def test_its_weight_may_be_a_schedule(make_play):
    ones = np.ones((2, 1, 1, 1), np.float32)
    losses = [
        float(centring(lambda t: 1.0 + t).discriminator(make_play(judge, ones, ones, round=t), ()).loss) for t in (0, 2)
    ]
    np.testing.assert_allclose(losses, [4, 12])


def test_logits_must_pair(make_play):
    with pytest.raises(ValueError, match=r"pairs each real logit with a fake one, got \(2,\) and \(4,\)"):
        centring().discriminator(make_play(judge, jnp.ones((2, 1, 1, 1)), jnp.ones((4, 1, 1, 1))), ())


def test_what_is_refused():
    with pytest.raises(ValueError, match="weight must be 0 or more, got -1"):
        centring(-1.0)

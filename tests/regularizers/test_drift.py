"""The drift penalty by hand."""

import numpy as np

from gan_jax.regularizers.drift import drift
from gan_jax.types import Verdict


def test_the_mean_square_of_real_logits(make_play):
    real, fake = np.full((2, 1), [[3.0], [-1.0]]), np.full((2, 1), 7.0)
    play = make_play(lambda x, label=None: Verdict(x[:, 0], {}), real, fake)
    term = drift(weight=0.1).discriminator(play, ())
    np.testing.assert_allclose(term.loss, 0.1 * (9 + 1) / 2)
    assert drift().generator(play, ()).loss == 0

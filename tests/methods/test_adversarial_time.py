"""What a round's networks are told of the time, and whose labels the fakes have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax import losses
from gan_jax.methods.playing import drawn
from gan_jax.types import Clock, Verdict


class Timed(linen.Module):
    """Its logits are the time: thousands of images shown, times what it has learned, and the label."""

    num_classes: int = 0

    @linen.compact
    def __call__(self, images, label=None, train=False, clock: Clock | None = None):
        gain = self.param("gain", linen.initializers.ones, ())
        kimg = jnp.zeros(()) if clock is None else clock.kimg
        logits = gain * kimg + 0.0 * jnp.mean(images, (1, 2, 3))
        if self.num_classes:
            logits = logits + label
        return Verdict(logits, {"pooled": images.reshape(images.shape[0], -1)})


def test_a_network_that_takes_the_clock_is_told_the_time(make_game, rounds_of, play):
    """Eight images a round and two updates of D: 0 at first, then 16 images."""
    game = make_game(discriminator=Timed(), rates=(0.0, 0.0), d_steps=2)
    _, metrics = play(game, 3)
    seen = [float(each["d/real_logit"]) for each in metrics]
    np.testing.assert_allclose(seen, [0.0, 0.016, 0.032], rtol=1e-5)


@pytest.mark.parametrize("multiple", [1, 2])
def test_fakes_may_have_the_labels_of_the_data(make_game, rounds_of, play, multiple):
    """The mean label that D sees in fakes is that of the real ones, and the pairs' difference is none."""
    settings = {"discriminator": Timed(3), "rates": (0.0, 0.0), "num_classes": 3, "generator_batch_multiple": multiple}
    loss = losses.relativistic() if multiple == 1 else losses.hinge()
    game = make_game(loss=loss, fake_labels="data", **settings)
    _, metrics = play(game, 2, labels=True)
    for each, batch in zip(metrics, rounds_of(game, 2, labels=True), strict=True):
        mean = float(jnp.mean(batch["label"].astype(jnp.float32)))
        np.testing.assert_allclose(each["d/fake_logit"] - each["d/real_logit"], 0, atol=1e-6)
        if multiple == 1:
            np.testing.assert_allclose([each["d/adversarial"], each["g/adversarial"]], np.log(2), rtol=1e-5)
        else:
            shown = float(each["d/real_logit"]) - mean
            np.testing.assert_allclose(each["g/adversarial"], -(mean + shown), atol=1e-5)


def test_other_labels_are_refused(make_game):
    with pytest.raises(ValueError, match="fake_labels is 'uniform' or 'data', not 'real'"):
        make_game(fake_labels="real")


def test_labels_repeat_where_there_are_more_fakes(make_game):
    game = make_game(fake_labels="data", num_classes=3)
    real = {"image": jnp.zeros((2, 4, 4, 1)), "label": jnp.array([2, 0])}
    assert drawn(game, jax.random.key(0), real, 3)["label"].tolist() == [2, 2, 2, 0, 0, 0]

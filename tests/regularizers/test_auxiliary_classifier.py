"""AC-GAN's class losses against plain numpy, with labels that are missing."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import mlp
from gan_jax.game import Phase, Stretch
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.auxiliary_classifier import auxiliary_classifier, class_loss
from gan_jax.regularizers.timing import every
from gan_jax.types import Verdict

LOGITS = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0], [1.0, 1.0, 5.0], [4.0, 0.0, 0.0]], np.float32)


def cross_entropy(logits, label):
    return np.log(np.exp(logits).sum()) - logits[label]


@pytest.fixture
def play(make_play):
    """Images are their own class logits."""

    def make(real_label, fake_label, **more):
        discriminator = lambda x, label=None: Verdict(jnp.zeros(len(x)), {"pooled": x})
        nets = {"classifier": lambda features: features}
        return make_play(discriminator, LOGITS, LOGITS[::-1], real_label, fake_label, nets=nets, **more)

    return make


def test_unlabelled_images_are_left_out():
    loss, right = class_loss(jnp.asarray(LOGITS), jnp.array([0, -1, 1, -1]))
    np.testing.assert_allclose(loss, np.mean([cross_entropy(LOGITS[0], 0), cross_entropy(LOGITS[2], 1)]), rtol=1e-6)
    assert float(right) == 0.5
    assert [float(x) for x in class_loss(jnp.asarray(LOGITS), jnp.full(4, -1))] == [0.0, 0.0]


@pytest.mark.parametrize("fakes", [True, False])
def test_both_players_want_the_class_told(play, fakes):
    """Real: labels 0, 1, none, 0. Fake, in the other order: 0, 2, 1, 1."""
    task = auxiliary_classifier(weight_d=2.0, weight_g=0.1, fakes=fakes, num_classes=3)
    of_real = np.mean([cross_entropy(LOGITS[i], y) for i, y in ((0, 0), (1, 1), (3, 0))])
    of_fake = np.mean([cross_entropy(LOGITS[3 - i], y) for i, y in enumerate((0, 2, 1, 1))])
    seen = play([0, 1, -1, 0], [0, 2, 1, 1])
    d, g = task.discriminator(seen, ()), task.generator(seen, ())
    np.testing.assert_allclose(d.loss, 2 * (of_real + of_fake if fakes else of_real), rtol=1e-6)
    np.testing.assert_allclose(g.loss, 0.1 * of_fake, rtol=1e-6)
    told = {"class_real": of_real, "class_fake": of_fake, "class_accuracy_real": 1.0, "class_accuracy_fake": 0.75}
    assert {name: float(value) for name, value in d.metrics.items()} == pytest.approx(told, rel=1e-5)
    assert float(g.metrics["class_accuracy_fake"]) == 0.75


def test_weights_may_be_schedules_and_a_weight_of_0_rests(play):
    task = auxiliary_classifier(weight_d=optax.linear_schedule(0.0, 1.0, 10), num_classes=3)
    assert bool(task.discriminator(play([0] * 4, [0] * 4), ()).rests)
    later = task.discriminator(play([0] * 4, [0] * 4, round=5), ())
    assert not bool(later.rests)
    np.testing.assert_allclose(later.loss, 0.5 * (later.metrics["class_real"] + later.metrics["class_fake"]), rtol=1e-6)


def game(task, classes=3, of_g=3, of_d=0, **more):
    shape = (2, 2, 1)
    return Adversarial(
        mlp.Generator(shape, (4,), of_g),
        mlp.Discriminator(shape, (4,), num_classes=of_d),
        losses.non_saturating(),
        {"generator": optim.sgd(), "discriminator": optim.sgd()},
        (Stretch(Phase(shape, 4), 0, 1),),
        {"classes": task},
        num_classes=classes,
        **more,
    )


def test_a_game_that_it_does_not_fit_is_refused_before_training():
    task = auxiliary_classifier(num_classes=3)
    game(task)
    game(every(2, task))
    for settings, match in (
        ({"classes": 0, "of_g": 0}, "this game has none: set method.num_classes"),
        ({"classes": 4}, "tells 3 classes, and the game has 4"),
        ({"of_g": 0}, "the generator is told no class"),
        ({"of_d": 3}, "set discriminator.num_classes to 0"),
        ({"fake_labels": "data"}, "leave method.fake_labels unset"),
    ):
        with pytest.raises(ValueError, match=match):
            game(task, **settings)
    with pytest.raises(ValueError, match="this game has none"):
        game(every(2, task), 0, 0)

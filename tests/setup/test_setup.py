"""From names to objects, and what a config with a mistake in it gets."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses
from gan_jax.architectures import mlp, sngan
from gan_jax.game import Phase, Stretch
from gan_jax.regularizers.gradient_penalty import r1
from gan_jax.regularizers.rotation import rotation
from gan_jax.regularizers.timing import every
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup
from gan_jax.types import Clock


def _config(**changes):
    config = load_config("configs/base.py").to_dict()
    for path, value in changes.items():
        *blocks, key = path.split("__")
        block = config
        for name in blocks:
            block = block[name]
        block[key] = value
    return config


def test_the_base_config_builds_what_it_names():
    method = Setup.of(_config()).method
    assert isinstance(method.generator, sngan.Generator)
    assert isinstance(method.loss, losses.hinge)
    assert method.generator.image_shape == (32, 32, 3)
    assert method.ema is None
    assert method.stretches == (Stretch(Phase((32, 32, 3), 64), 0, 100_000),)


def test_nested_types_and_schedules_become_objects():
    lazy = {"type": "timing.every", "n": 16, "regularizer": {"type": "gradient_penalty.r1", "gamma": 2.0}}
    falling = {"schedule": "linear", "init_value": 0.2, "end_value": 0.0, "transition_steps": 100}
    method = Setup.of(
        _config(regularizers={"lazy": lazy, "turn": {"type": "rotation.rotation", "weight_g": falling}})
    ).method
    assert method.regularizers["lazy"] == every(16, r1(2.0))
    assert isinstance(method.regularizers["turn"], rotation)
    np.testing.assert_allclose(method.regularizers["turn"].weight_g(50), 0.1)


def test_networks_in_networks_fit_the_same_data():
    """The image's shape and the precision reach the innermost; a pack's discriminator is made for its channels."""
    innermost = {"type": "sngan.Discriminator"}
    packed = {"type": "packed.Packed", "m": 2, "discriminator": innermost}
    seen = {"type": "augmented.Augmented", "policy": ["color"], "discriminator": packed}
    made = Setup.of(_config(discriminator=seen, precision="bfloat16")).method.discriminator
    assert made.policy == ("color",) and made.discriminator.m == 2
    assert made.discriminator.discriminator == sngan.Discriminator((32, 32, 6), dtype=jnp.bfloat16)
    seen["discriminator"] = innermost | {"image_shape": (8, 8, 3)}
    with pytest.raises(ConfigError, match="discriminator.discriminator.image_shape follows from the rest"):
        Setup.of(_config(discriminator=seen))
    seen["discriminator"] = packed
    with pytest.raises(ConfigError, match="packing is for unconditional networks"):
        Setup.of(_config(discriminator=seen, method__num_classes=9))


def test_a_loss_may_wrap_a_loss():
    falling = {
        "schedule": "exponential_decay",
        "init_value": 1.0,
        "transition_steps": 100,
        "decay_rate": 0.99,
        "end_value": 0.5,
    }
    loss = Setup.of(_config(loss={"type": "top_k", "loss": {"type": "hinge"}, "fraction": falling})).method.loss
    assert loss.loss == losses.hinge()
    np.testing.assert_allclose([loss.fraction(0), loss.fraction(100), loss.fraction(100_000)], [1.0, 0.99, 0.5])


def test_a_learning_rate_may_be_a_schedule():
    falling = {"schedule": "linear", "init_value": 1.0, "end_value": 0.0, "transition_steps": 2}
    method = Setup.of(_config(optim__generator={"type": "sgd", "learning_rate": falling})).method
    tx, steps = method.optimizers["generator"], []
    state = tx.init(jnp.zeros(()))
    for t in range(3):
        update, state = tx.update(jnp.ones(()), state, clock=Clock(jnp.int32(t), jnp.zeros(())))
        steps.append(float(update))
    np.testing.assert_allclose(steps, [-1.0, -0.5, 0.0])


def test_precision_reaches_the_networks():
    assert Setup.of(_config(precision="bfloat16")).method.generator.dtype == jnp.bfloat16
    assert Setup.of(_config()).method.discriminator.dtype is None


def test_points_take_the_small_networks():
    config = _config(data__shape=(2,), generator={"type": "mlp.Generator"}, discriminator={"type": "mlp.Discriminator"})
    method = Setup.of(config).method
    assert isinstance(method.generator, mlp.Generator)
    assert method.stretches[0].phase.shape == (2,)


def test_half_life_is_counted_in_real_images():
    method = Setup.of(_config(ema__half_life_kimg=1.0, d_steps=2, batch_size=250)).method
    assert method.ema.decay_a_round(method.stretches[0].phase.images_a_round) == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"batchsize": 3}, r"unknown config key 'batchsize' \(did you mean 'batch_size'\?\)"),
        ({"generator__widhts": (1,)}, r"generator.widhts \(did you mean 'widths'\?\)"),
        ({"generator__image_shape": (8, 8, 3)}, "generator.image_shape follows from the rest of the config"),
        ({"loss": {"type": "hinje"}}, r"unknown type 'hinje' \(did you mean 'hinge'\?\)"),
        ({"loss": {}}, "loss needs a 'type'"),
        ({"generator": {"type": "sngam.Generator"}}, "did you mean 'sngan.Generator'"),
        ({"regularizers": {"r": {"type": "rotation.rotation", "fraction": 0.3}}}, "fraction must be one over a whole"),
        ({"precision": "float16"}, "precision is one of float32, bfloat16"),
        ({"steps": 0}, "steps must be a whole number from 1 on"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"optim__critic": {}}, "optim has no player 'critic'"),
        ({"method__acumulate": 3}, r"method.acumulate \(did you mean 'accumulate'\?\)"),
        ({"d_steps": 0}, "d_steps must be a whole number from 1 on, got 0"),
        ({"method__d_steps": 2}, "config key method.d_steps is called d_steps now"),
        ({"method": {"type": "adversary"}}, r"method: unknown type 'adversary'.*; known: adversarial.Adversarial"),
        ({"latents": {"type": "gauss", "dim": 3}}, "latents: unknown type 'gauss'; known: coded, normal, uniform"),
        ({"optim__generator__learning_rate": {"schedule": "linaer"}}, "did you mean 'linear'"),
        ({"ema": {"decay": 0.9, "half_life_kimg": 3.0}}, "either decay or half_life_kimg"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(changes, says):
    with pytest.raises(ConfigError, match=says):
        Setup.of(_config(**changes))


def test_a_missing_block_and_a_missing_file_are_named(tmp_path):
    config = _config()
    del config["loss"]
    with pytest.raises(ConfigError, match="the config lacks loss"):
        Setup.of(config)
    with pytest.raises(ConfigError, match="there is no config file"):
        load_config(str(tmp_path / "none.py"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data__source": "emogi"}, "did you mean 'emoji'"),
        ({"data__path": "/somewhere"}, "takes no setting 'path'"),
        ({"method__num_classes": 5}, "has 9 classes. Set num_classes to 9"),
        (
            {"data__source": "fake", "data__length": 3, "data__num_classes": 9, "method__num_classes": 9},
            "no element of 6 of its 9 classes",
        ),
        ({"data__source": "folder", "data__path": "/no/such/folder"}, "/no/such/folder"),
    ],
)
def test_wrong_data_is_named(changes, says):
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        Setup.of(_config(**changes)).source()


def test_batches_come_from_the_config():
    config = _config(batch_size=8, d_steps=2, data__shape=(16, 16, 3))
    batch = Setup.of(config).batches(Setup.of(config).source()).at(3)
    assert batch["image"].shape == (2, 8, 16, 16, 3)
    assert batch["label"].dtype == np.int32


def test_a_config_without_a_data_set_is_refused():
    config = _config()
    del config["data"]["source"]
    with pytest.raises(ConfigError, match="data.source is missing: set it to one of"):
        Setup.of(config)

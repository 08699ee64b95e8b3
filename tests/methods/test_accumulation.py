"""A batch in parts is the whole batch, where nothing depends on the batch as a whole."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses
from gan_jax.architectures import dcgan
from gan_jax.methods.accumulation import in_parts, mean_over_parts
from gan_jax.methods.playing import drawn
from gan_jax.regularizers.gradient_penalty import r1
from gan_jax.runtime.mesh import check_parts, make_mesh
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

SHAPE = (4, 4, 1)


def test_parts_are_every_nth_row():
    rows = {"x": jnp.arange(6), "y": jnp.arange(12).reshape(6, 2)}
    parts = in_parts(rows, 3)
    np.testing.assert_array_equal(parts["x"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(parts["y"][1], [[2, 3], [8, 9]])
    with pytest.raises(ValueError, match="a batch of 6 cannot be accumulated in 4 equal parts"):
        in_parts(rows, 4)


def test_the_mean_is_leaf_by_leaf_and_counts_are_counts():
    def function(part, key):
        return {"mean": jnp.mean(part), "noise": jax.random.normal(key), "count": jnp.int32(7)}

    found = mean_over_parts(function, jnp.arange(8.0), jax.random.key(0), 4)
    noise = [jax.random.normal(jax.random.fold_in(jax.random.key(0), i)) for i in range(4)]
    assert float(found["mean"]) == 3.5 and int(found["count"]) == 7
    np.testing.assert_allclose(found["noise"], np.mean(noise), rtol=1e-6)


@pytest.mark.parametrize("classes", [0, 3])
def test_four_parts_descend_as_the_whole_batch(make_game, play, classes):
    settings = {"num_classes": classes, "loss": losses.non_saturating(), "regularizers": {"r1": r1()}}
    settings |= {"d_steps": 2, "generator_batch_multiple": 2, "scheme": "spectral"}
    whole, of_whole = play(make_game(**settings), 2, labels=bool(classes))
    parts, of_parts = play(make_game(**settings, accumulate=4), 2, labels=bool(classes))
    same = lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
    jax.tree.map(same, whole[-1].networks, parts[-1].networks)
    jax.tree.map(same, of_whole[-1], of_parts[-1])


def test_batch_statistics_move_once_by_the_mean_of_the_parts_moments(make_game, rounds_of, compiled):
    nets = {"generator": dcgan.Generator(SHAPE, widths=(3,), kernel=3, norm="batch")}
    game = make_game(accumulate=2, **nets)
    (batch,) = rounds_of(game, 1)
    state = compiled(game.init)(jax.random.key(0))
    after, _ = compiled(lambda s, b: game.step(s, b, game.stretches[0].phase))(state, batch)
    key = jax.random.fold_in(jax.random.fold_in(state.key, 0), 1)  # of round 0, and of G's update in it
    latents = drawn(game, key, {"image": batch["image"][0]}, 1)["z"]
    old = {"params": state.networks["generator"].params, **state.networks["generator"].stats}
    moved = [game.generator.apply(old, latents[i::2], train=True, mutable=["batch_stats"])[1] for i in (0, 1)]
    expected = jax.tree.map(lambda a, b: (a + b) / 2, *(dict(each)["batch_stats"] for each in moved))
    found = after.networks["generator"].stats["batch_stats"]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), found, expected)


def test_parts_must_divide_over_the_devices():
    mesh = make_mesh()
    check_parts(12, 3, mesh)
    with pytest.raises(ValueError, match="a batch of 12 cannot be accumulated in 5 equal parts"):
        check_parts(12, 5, mesh)


def test_a_config_says_in_how_many_parts():
    config = load_config("configs/sngan_digits.py")
    config.method.accumulate = 4
    assert Setup.of(config).method.accumulate == 4
    config.method.accumulate = 0
    with pytest.raises(ValueError, match="accumulate must be a whole number from 1 on"):
        Setup.of(config)

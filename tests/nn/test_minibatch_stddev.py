import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.minibatch_stddev import minibatch_stddev


def by_hand(x, group_size, num_channels):
    batch, height, width, channels = x.shape
    groups, each = batch // group_size, channels // num_channels
    out = np.zeros((batch, height, width, num_channels))
    for i in range(batch):
        members = [j for j in range(batch) if j % groups == i % groups]
        assert len(members) == group_size
        for n in range(num_channels):
            out[i, :, :, n] = x[members, :, :, n * each : (n + 1) * each].std(0).mean()
    return np.concatenate([x, out], -1)


@pytest.mark.parametrize(("batch", "group_size", "num_channels"), [(6, 2, 1), (6, 3, 2), (4, 4, 4), (8, 4, 1)])
def test_against_loops(rng, batch, group_size, num_channels):
    x = rng.normal(size=(batch, 2, 3, 4)).astype(np.float32)
    y = minibatch_stddev(jnp.asarray(x), group_size, num_channels)
    np.testing.assert_allclose(y, by_hand(x, group_size, num_channels), rtol=1e-5)


def test_equal_images_differ_by_the_root_of_epsilon_and_have_finite_gradients():
    x = jnp.ones((4, 2, 2, 3))
    np.testing.assert_allclose(minibatch_stddev(x)[..., -1], np.full((4, 2, 2), 1e-4), rtol=1e-5)
    assert not jax.jit(jax.grad(lambda x: minibatch_stddev(x)[..., -1].sum()))(x).any()


def test_a_batch_smaller_than_a_group_is_one_group(rng):
    x = jnp.asarray(rng.normal(size=(2, 2, 3, 4)), jnp.float32)
    np.testing.assert_array_equal(minibatch_stddev(x, 4), minibatch_stddev(x, 2))


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="not 6 images"):
        minibatch_stddev(jnp.zeros((6, 2, 2, 4)), 4)
    with pytest.raises(ValueError, match="slices of the channels"):
        minibatch_stddev(jnp.zeros((4, 2, 2, 4)), 4, 3)


def test_bfloat16_and_volumes():
    assert minibatch_stddev(jnp.zeros((4, 2, 2, 2, 3), jnp.bfloat16)).shape == (4, 2, 2, 2, 4)
    assert minibatch_stddev(jnp.zeros((4, 2, 2, 3), jnp.bfloat16)).dtype == jnp.bfloat16


def test_gradients(rng, check_gradients):
    check_gradients(lambda x: minibatch_stddev(x, 3, 2), rng.normal(size=(6, 1, 2, 2)))

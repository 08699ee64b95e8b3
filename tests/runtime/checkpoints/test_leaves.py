import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.runtime.checkpoints.leaves import (
    as_leaf,
    described,
    differences,
    load_target,
    named_leaves,
    storable,
    with_sharding,
)


def test_names_are_the_paths(make_state):
    names = list(named_leaves(make_state(0)))
    assert names[:2] == ["step", "key"]
    assert "networks.generator.params.Dense_0.kernel" in names and "networks.generator.opt_state.1.0.count" in names
    with pytest.raises(ValueError, match=r"two leaves of the state are called a\.b"):
        named_leaves({"a": {"b": jnp.ones(1)}, "a.b": jnp.ones(1)})


def test_differences_are_listed_first_ones_first():
    stored = described({"a": jnp.ones(2), "b": jnp.ones((2, 3)), "old": jax.random.key(0)})
    wanted = described({"a": jnp.ones(2), "b": jnp.ones((2, 4)), "new": jnp.ones((), jnp.int32)})
    assert differences(stored, stored) == []
    assert differences(stored, wanted) == [
        "b: stored float32[2,3], wanted float32[2,4]",
        "new: stored nothing, wanted int32[]",
        "old: stored key<fry>[], wanted nothing",
    ]
    assert differences(stored, wanted, at_most=1)[1:] == ["... and 2 more"]


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_keys_survive_as_numbers(impl):
    keys = jax.random.split(jax.random.key(5, impl=impl), 3)
    target = with_sharding(keys)
    data = storable(keys)
    assert (load_target(target).shape, load_target(target).dtype) == (data.shape, data.dtype)
    back = as_leaf(data, target)
    assert back.dtype == keys.dtype
    np.testing.assert_array_equal(jax.random.key_data(back), data)

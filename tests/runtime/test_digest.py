import jax
import jax.numpy as jnp
import pytest

from gan_jax.runtime.checkpoints.digest import state_digest


def test_equal_states_have_one_digest_in_any_process(make_state, run_program):
    digest = state_digest(make_state(3))
    assert digest == state_digest(make_state(3)) and len(digest) == 64
    program = (
        "from conftest import state_of; from gan_jax.runtime.checkpoints.digest import state_digest; "
        "print(state_digest(state_of(3)))"
    )
    assert run_program(program, PYTHONHASHSEED="7").strip() == digest


def test_anything_that_differs_shows():
    base = {"a": jnp.zeros(4), "b": jnp.ones(2)}
    others = [
        {"a": jnp.zeros(4).at[3].set(-0.0), "b": jnp.ones(2)},  # one bit
        {"a": jnp.zeros((2, 2)), "b": jnp.ones(2)},
        {"a": jnp.zeros(4, jnp.int32), "b": jnp.ones(2)},
        {"a": jnp.zeros(4), "c": jnp.ones(2)},
    ]
    assert len({state_digest(tree) for tree in [base, *others]}) == 5
    assert state_digest(jax.random.key(1)) != state_digest(jax.random.key(2))


def test_a_leaf_that_is_no_array_is_named():
    with pytest.raises(ValueError, match="memory.rate is a float"):
        state_digest({"memory": {"rate": 0.5}})

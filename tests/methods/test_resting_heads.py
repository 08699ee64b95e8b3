"""A head whose task has no weight rests whole, and begins fresh when the task does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.latent_transform import latent_transform
from gan_jax.regularizers.rotation import rotation
from gan_jax.regularizers.timing import after, every
from gan_jax.types import ByImages

WARM_UP, RATE = 50, 1e-3
TASKS = {
    "a warm-up of its own": lambda: latent_transform(1.0, 0.5, "pooled", warm_up=WARM_UP),
    "after(50, every(2))": lambda: after(WARM_UP, every(2, latent_transform(1.0, 0.5, "pooled"))),
    "a schedule": lambda: latent_transform(lambda round: jnp.where(round < WARM_UP, 0.0, 1.0), 0.5, "pooled"),
    "a schedule of images": lambda: latent_transform(
        ByImages(lambda kimg: jnp.where(kimg < 0.4 - 1e-4, 0.0, 1.0)), 0.5, "pooled"
    ),  # 8 a round
}


@pytest.mark.parametrize("name", TASKS)
def test_after_its_warm_up_the_heads_first_step_is_its_rate(make_game, rounds_of, name):
    """Adam's first step is its rate, in every direction. Had its count gone on with gradients of 0, the moments would
    be a thousandth of the squares at most, and the step up to (1 - b1) / sqrt(1 - b2) = 3.2 times the rate."""
    game = make_game(regularizers={"lt": TASKS[name]()})
    (batch,) = rounds_of(game, 1)
    phase = game.stretches[0].phase

    def several(state, n):
        return jax.lax.scan(lambda s, _: (game.step(s, batch, phase)[0], None), state, length=n)[0]

    several = jax.jit(several, static_argnums=1, compiler_options={"xla_backend_optimization_level": 0})
    start = game.init(jax.random.key(0))
    warm = several(start, WARM_UP)
    one = several(warm, 1)
    head = [state.networks["latent_transform"] for state in (start, warm, one)]
    for old, new in zip(*map(jax.tree.leaves, head[:2]), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.array_equal(
        *(jax.tree.leaves(state.networks["generator"].params)[-1] for state in (start, warm))
    )  # others move
    steps = jax.tree.leaves(jax.tree.map(lambda a, b: np.abs(np.asarray(a - b)), head[2].params, head[1].params))
    moved = np.concatenate([each[each > 0] for each in steps])
    assert len(moved) > 100  # of dead units the slope is 0
    np.testing.assert_allclose(moved.max(), RATE, rtol=1e-2)
    assert np.median(moved) > 0.9 * RATE


@pytest.mark.parametrize("weight_d", [0.0, 1.0])
def test_only_its_own_players_weight_lets_a_head_rest(make_game, play, weight_d):
    """The rotation head is D's: G's weight does not wake it, and its spectral vectors rest with it."""
    game = make_game(regularizers={"turn": rotation(weight_d, 1.0, fraction=0.5, scheme="spectral")})
    states, _ = play(game, n=1)
    head = [state.networks["rotation"] for state in states]
    same = [np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, head), strict=True)]
    assert all(same) if weight_d == 0 else not any(same)

"""Schedules that optax has not."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax import ranges


def cosine_schedule(init_value: float, end_value: float, transition_steps: float) -> Callable[[jax.Array], jax.Array]:
    """From one value to another, up or down, along half a cosine, and the other from then on.

    Steps are rounds, or thousands of images: whatever the schedule counts. Raises ValueError where it has no length.
    """
    ranges.finite("init_value", init_value)
    ranges.finite("end_value", end_value)
    ranges.positive("transition_steps", transition_steps)

    def schedule(count: jax.Array) -> jax.Array:
        passed = jnp.minimum(count / transition_steps, 1.0)
        return init_value + (end_value - init_value) * 0.5 * (1.0 - jnp.cos(jnp.pi * passed))

    return schedule

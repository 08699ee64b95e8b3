"""Schedules that optax has not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def stairs_schedule(values: Sequence[float], boundaries: Sequence[float]) -> Callable[[jax.Array], jax.Array]:
    """A schedule: values[0] before boundaries[0], values[i + 1] from boundaries[i] on."""
    if len(values) != len(boundaries) + 1 or list(boundaries) != sorted(set(boundaries)):
        raise ValueError(
            f"stairs take boundaries that rise and one value more than them, got {tuple(values)} and {tuple(boundaries)}"
        )
    for name, numbers in (("values", values), ("boundaries", boundaries)):
        for number in numbers:
            ranges.not_negative(name, number)
    steps, ends = jnp.asarray(values, jnp.float32), jnp.asarray(boundaries, jnp.float32)
    return lambda count: steps[jnp.sum(count >= ends)]


def inverse_time_schedule(init_value: float, decay_rate: float) -> Callable[[jax.Array], jax.Array]:
    """init_value / (1 + decay_rate * count), Torch's learningRateDecay."""
    ranges.not_negative("init_value", init_value)
    ranges.not_negative("decay_rate", decay_rate)
    return lambda count: init_value / (1 + decay_rate * count)

"""What the tests of the games share: games of tiny networks, and batches for them."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import latents, losses, optim
from gan_jax.architectures import mlp
from gan_jax.game import Phase, Stretch
from gan_jax.methods.adversarial import Adversarial

SHAPE = (4, 4, 1)


@pytest.fixture(scope="session")
def make_game():
    """game(**changes) -> Adversarial, by default hinge on mlps of 16 pixels, both trained by plain gradient descent."""

    def make(batch_size=8, rates=(0.1, 0.2), shape=SHAPE, scheme=None, d_steps=1, g_steps=1, **changes):
        classes = changes.get("num_classes", 0)
        of_g, of_d = rates
        settings = {
            "generator": mlp.Generator(shape, (5,), classes),
            "discriminator": mlp.Discriminator(shape, (6, 7), scheme, classes),
            "loss": losses.hinge(),
            "optimizers": {"generator": optim.sgd(of_g), "discriminator": optim.sgd(of_d)},
            "stretches": (Stretch(Phase(shape, batch_size, d_steps, g_steps), 0, 100),),
            "latents": latents.normal(3),
        }
        return Adversarial(**(settings | changes))

    return make


@pytest.fixture(scope="session")
def rounds_of():
    """rounds_of(game, n) -> n rounds of random images (and labels, where asked), leaves [d_steps, B, ...]."""

    def make(game, n, labels=False, seed=0):
        phase = game.stretches[0].phase
        rng, lead = np.random.default_rng(seed), (phase.d_steps, phase.batch_size)

        def one():
            image = rng.uniform(-1, 1, (*lead, *game.generator.image_shape)).astype(np.float32)
            return {"image": image} | ({"label": rng.integers(0, 3, lead).astype(np.int32)} if labels else {})

        return [jax.tree.map(jnp.asarray, one()) for _ in range(n)]

    return make


@pytest.fixture(scope="session")
def compiled():
    """compiled(function, **more) -> as jax.jit, with less optimisation: these programs run for less time than they compile."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


@pytest.fixture(scope="session")
def play(rounds_of, compiled):
    """play(game, n) -> the states after 0, 1, ..., n rounds, and the metrics of each round."""
    steps = []  # (game, its compiled step)

    def step_of(game):
        for other, step in steps:
            if other is game:
                return step
        steps.append((game, compiled(functools.partial(game.step, phase=game.stretches[0].phase))))
        return steps[-1][1]

    def of(game, n=2, labels=False, seed=0):
        batches = rounds_of(game, n, labels)
        states, metrics = [game.init(jax.random.key(seed))], []
        for batch in batches:
            state, seen = step_of(game)(states[-1], batch)
            states.append(state)
            metrics.append(seen)
        return states, metrics

    return of

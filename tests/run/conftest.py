"""A run on points, which compiles in no time."""

import pytest

from gan_jax.setup.config_files import load_config


@pytest.fixture
def small(make_small):
    """See `make_small`."""
    return make_small


@pytest.fixture(scope="module")
def make_small():
    """A function: changes -> the config of a run of 12 rounds with checkpoints at 3, 6, 9 and 12."""

    def config(transition_steps=1000, **changes):
        made = load_config("configs/gan_ring.py")
        made.update({"steps": 12, "batch_size": 8, "rounds_a_dispatch": 1})
        made.log.update({"every": 1, "samples_every": 6, "num_samples": 4})
        made.checkpoint.every = 3
        with made.unlocked():
            del made.regularizers.r1
            for player in ("generator", "discriminator"):
                made[player].widths = (8,)
                if transition_steps is not None:  # else it follows steps
                    made.optim[player].learning_rate.transition_steps = transition_steps
        made.update(changes)
        return made

    return config

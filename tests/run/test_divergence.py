"""What ends a run whose numbers are no longer finite, and the sentence that says so."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.run.divergence import TrainingDiverged, diverged, largest, learns_no_more, not_finite, require_finite
from gan_jax.run.training import Training
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

BAD = {"d/total": 1.0, "g/total": float("nan"), "g/norm": float("inf")}


class Saved:
    directory = Path("there")
    waited = False

    def __init__(self, steps):
        self._steps = steps

    def wait(self):
        self.waited = True

    def steps(self):
        assert self.waited  # for the one that is being written
        return self._steps


def test_what_is_not_finite_is_named():
    assert not_finite(BAD) == ["g/total", "g/norm"]
    assert not_finite({"d/total": -1e30}) == []


def test_the_error_says_which_number_where_and_what_remains():
    error = diverged(7, BAD, Saved([2, 6]))
    assert isinstance(error, TrainingDiverged)
    assert str(error).startswith(
        "round 7: g/total is nan (then g/norm). The last good checkpoint: step 6 in there. A smaller learning rate"
    )
    assert "none was written yet" in str(diverged(7, BAD, Saved([])))


def test_a_gradient_of_zero_is_told():
    assert learns_no_more(9, {"d/gradient_norm": 0.0, "g/gradient_norm": 0.1}).startswith(
        "round 9: d/gradient_norm is zero, so that player learns no more"
    )
    assert "g/gradient_norm" in learns_no_more(9, {"d/gradient_norm": 1e-9, "g/gradient_norm": 0.0})
    assert learns_no_more(9, {"d/gradient_norm": 1e-9}) is None


# --- what losses and gradients do not tell


def with_nan(state, where):
    """A state with one NaN in a part of the generator, or in a memory."""
    spoil = lambda tree: jax.tree.map(lambda x: x.at[(0,) * x.ndim].set(jnp.nan) if x.dtype == jnp.float32 else x, tree)
    if where == "memory":
        return state.replace(memory={**state.memory, "lecam": spoil(state.memory["lecam"])})
    networks = dict(state.networks)
    networks["generator"] = networks["generator"].replace(**{where: spoil(getattr(networks["generator"], where))})
    return state.replace(networks=networks)


@pytest.fixture(scope="module")
def small():
    config = load_config("configs/gan_ring.py")
    config.steps, config.batch_size, config.log.every, config.log.num_samples = 40, 8, 5, 2
    config.checkpoint.every, config.data.toys.length = 1000, 64
    config.generator.widths = config.discriminator.widths = (8,)
    config.regularizers = {"lecam": {"type": "lecam.lecam", "weight": 0.0, "start": 0}}
    return config


@pytest.mark.parametrize("where", ["params", "opt_state", "ema", "memory"])
def test_the_largest_number_of_each_part_tells_where_nan_is(small, where):
    state = Setup.of(small).method.init(jax.random.key(0))
    sound = {name: float(value) for name, value in largest(state).items()}
    assert not not_finite(sound)
    weights = state.networks["generator"].params
    assert sound["state/generator/params"] == max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(weights))
    spoilt = {name: float(value) for name, value in largest(with_nan(state, where)).items()}
    assert not_finite(spoilt) == ["state/memory/lecam" if where == "memory" else f"state/generator/{where}"]


def test_nan_in_the_average_alone_stops_the_run_and_is_not_saved(small, tmp_path):
    with Training(small, tmp_path) as run:
        run.play(until=7)
        saved = run.checkpoints.steps()
        run.state = with_nan(run.state, "ema")
        with pytest.raises(TrainingDiverged, match="round 10: state/generator/ema is nan"):
            run.play(until=30)
        assert run.checkpoints.steps() == saved == [7]
        with pytest.raises(ValueError, match="5 of 5 images hold NaN or infinite numbers, so nothing was written"):
            run.sample(5)


def test_nan_is_not_saved_where_a_run_ends_between_two_lines(small, tmp_path):
    with Training(small, tmp_path) as run:
        run.play(until=6)
        run.state = with_nan(run.state, "ema")
        with pytest.raises(TrainingDiverged, match="round 8: state/generator/ema is nan"):
            run.play(until=8)
        assert run.checkpoints.steps() == [6]


def test_images_that_are_not_finite_are_no_images():
    images = np.zeros((3, 2, 2, 1), np.float32)
    assert require_finite(images, "x") is images
    for wrong in (np.nan, np.inf):
        images[1, 0, 0, 0] = wrong
        with pytest.raises(ValueError, match="x: 1 of 3 images hold NaN"):
            require_finite(images, "x")

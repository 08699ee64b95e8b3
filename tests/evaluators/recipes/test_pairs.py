import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.judge import judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.runtime.mesh import make_mesh


class _Accuracy(struct.PyTreeNode):
    """Tells the sigma_eps that it is asked at."""

    settings: dict

    def __call__(self, key, batch):
        return jnp.asarray(self.settings["sigma_eps"])


def scores(seed):
    measures = {"latent_transform": _Accuracy({"sigma_eps": np.float32(0.3)})}
    evidence = Evidence(None, {}, None, make_mesh(), observer=lambda x: {}, measures=measures, seed=seed, quiet=True)
    (found,) = judge(evidence, {"latent_transform": find_recipe("latent_transform", {})}, {})
    return found


def test_the_task_is_asked_at_each_sigma():
    found = {score.name: score.value for score in scores(429_496)}
    assert found["latent_transform"] == pytest.approx(0.3)
    assert found["latent_transform/sigma0.05"] == pytest.approx(0.05) and len(found) == 7


def test_a_seed_whose_keys_would_be_anothers_is_refused():
    assert "a seed is from 0 to 429496, got 429497" in scores(429_497).reason

"""The rotation task as the SS-GAN paper sets it (Chen et al., arXiv:1811.11212)."""

from ml_collections import ConfigDict

from gan_jax.configs import base


def rotation(config: ConfigDict) -> ConfigDict:
    """A quarter of the batch by all four angles; beta 1; alpha from 0.2 to 0, linearly over the run (rate unverified)."""
    task = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "fraction": 0.25, "choice": "all_angles"})
    task.weight_g = ConfigDict({"schedule": "linear", "init_value": 0.2, "end_value": 0.0})
    task.weight_g.transition_steps = base.rounds(config)
    return task

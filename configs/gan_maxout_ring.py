"""The baseline of pacgan_ring: the same without packing.

Paper: the row GAN of Lin et al., arXiv:1712.04086, table 1: 6.3 modes of 8 on the ring, 17.3 of 25 on the grid.
Expected: fewer modes than pacgan_ring. Not run at this length; one seed, shorter and smaller: docs/results.md.
Meant for: 1 accelerator.
Command: python -m gan_jax.main --config=configs/gan_maxout_ring.py --workdir=runs/gan_maxout_ring
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 400_000
    config.batch_size = 100
    config.rounds_a_dispatch = 100
    config.data.source = "toys"
    config.data.toys = ConfigDict({"name": "ring"})
    config.data.shape = (2,)

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "maxout.Generator", "widths": (400, 400, 400, 400)})
    config.discriminator = ConfigDict({"type": "maxout.Discriminator", "widths": (200, 200, 200), "pieces": 5})
    config.latents = ConfigDict({"type": "normal", "dim": 2})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.8})
    config.evaluate.recipes = ("modes2500", "modes")
    config.evaluate.during = ("modes2500",)
    return config

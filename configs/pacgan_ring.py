"""PacGAN with packs of 2 on the ring of 8 Gaussians, with the paper's networks.

Paper: Lin et al., arXiv:1712.04086, table 1, and its code: batches of 100 packs, 400 epochs of 100,000 packs.
Departures: 100,000 points in all, not packs; players take turns (the code updates both at once).
Packs of m: --config.discriminator.m=m --config.batch_size=(100 m). The grid: --config.data.toys.name=grid.
Expected: 7.9 modes of 8 (2,500 points; packs of 3 and 4: 7.8, 7.8; without packs 6.3); grid 23.8 of 25 (24.6, 24.8; 17.3).
Not run yet.
Meant for: 1 accelerator.
Command: python -m gan_jax.main --config=configs/pacgan_ring.py --workdir=runs/pacgan_ring
"""

from ml_collections import ConfigDict

from gan_jax.configs import gan_maxout_ring


def get_config() -> ConfigDict:
    config = gan_maxout_ring.get_config()
    config.discriminator = ConfigDict(
        {"type": "packed.Packed", "m": 2, "discriminator": config.discriminator.to_dict()}
    )
    config.batch_size = 200
    return config

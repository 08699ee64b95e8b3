"""E-GAN on the ring of 8 Gaussians: a population of 2, and the networks, R1 and rates of gan_ring.

Paper: Wang et al., arXiv:1803.00657; its ring has other networks (512 wide) and no R1, see docs/methods/egan.md.
Expected: all 8 modes. Not measured at its full length yet.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/egan_ring.py --workdir=runs/egan_ring
"""

from ml_collections import ConfigDict

from gan_jax.configs import gan_ring


def get_config() -> ConfigDict:
    config = gan_ring.get_config()
    config.method = ConfigDict({"type": "evolutionary.Evolutionary", "num_classes": 0})
    config.method.survivors = 2
    config.method.gamma = 0.5
    config.method.evaluated = 128
    config.loss = ConfigDict({"type": "non_saturating"})
    config.rounds_a_dispatch = 100
    return config

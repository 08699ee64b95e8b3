"""pix2pix on map tiles: a relief from a satellite picture of 64 x 64, at a width for two CPU cores.

Paper: Isola et al., arXiv:1611.07004. Its maps are another data set (streets from aerial pictures, at 256 pixels); here the
pairs that ship with the package, whose test split is of other regions.
Settings: the paper's loss, weights and optimiser; a U-Net of 6 halvings, patches of 34 pixels, batches of 4, and instance
normalisation, which is the same in training and after.
Meant for: 1 device, a CPU will do. --config.method.direction=b_to_a turns it round.
Command: python -m gan_jax.main --config=configs/pix2pix_maps.py --workdir=runs/pix2pix_maps
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.translation import begin, decayed, jittered


def get_config() -> ConfigDict:
    networks = {
        "generator": {"type": "unet.Generator", "width": 32, "norm": "instance", "dropout_layers": (1, 2)},
        "discriminator": {"type": "patchgan.Discriminator", "width": 32, "layers": 2, "norm": "instance"},
    }
    config = begin("pix2pix.Pix2Pix", networks, {"type": "non_saturating"})
    config.steps = 8000
    config.batch_size = 4
    config.method.direction = "a_to_b"
    config.data.source = "maps"
    config.data.shape = (64, 64, 3)
    jittered(config)
    decayed(config, base.rounds(config) // 2, base.rounds(config) // 2)
    config.rounds_a_dispatch = 10
    config.log.samples_every = 1000
    config.checkpoint.every = 1000
    return config

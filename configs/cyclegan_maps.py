"""CycleGAN on map tiles: satellite pictures and reliefs of 64 x 64 that nobody has matched, at a width for two CPU cores.

Paper: Zhu et al., arXiv:1703.10593. Its maps are another data set, at 256 pixels; here the tiles that ship with the package.
Training sees each side in an order of its own; the test split is of other regions and in pairs, so that translations are
scored against the truth, which pix2pix_maps bounds.
Settings: the paper's losses, weights, pool and optimiser; 6 blocks, patches of 34 pixels, batches of 1.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/cyclegan_maps.py --workdir=runs/cyclegan_maps
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.translation import begin, decayed, jittered


def get_config() -> ConfigDict:
    translator = {"type": "resnet_translator.Generator", "width": 24, "blocks": 6}
    judge = {"type": "patchgan.Discriminator", "width": 32, "layers": 2, "norm": "instance"}
    networks = {"a_to_b": translator, "b_to_a": translator, "discriminator_a": judge, "discriminator_b": judge}
    config = begin("cyclegan.CycleGAN", networks, {"type": "least_squares", "factor": 1.0})
    config.steps = 16_000
    config.data.source = "domains"
    config.data.domains = ConfigDict({key: {"source": "maps", "domain": key} for key in ("a", "b")})
    config.data.shape = (64, 64, 3)
    jittered(config)
    decayed(config, base.rounds(config) // 2, base.rounds(config) // 2)
    config.rounds_a_dispatch = 10
    config.log.samples_every = 2000
    config.checkpoint.every = 2000
    config.evaluate.test = {"source": "maps", "split": "test"}
    config.evaluate.recipes = ("pair_l1", "pair_sharpness", "cycle", "swd")
    return config

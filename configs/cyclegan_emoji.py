"""CycleGAN between one vendor's drawings of emoji and another's, at 32 x 32 and a width for a CPU.

Paper: Zhu et al., arXiv:1703.10593. Its data are photographs and paintings; here two sets of drawings that nobody matches.
Settings: the paper's losses, weights, pool and optimiser; 3 blocks, patches of 16 pixels, batches of 1. Nothing is mirrored,
    since drawings hold letters and hands.
Expected: nothing published.
Meant for: 1 device, a CPU will do.
Data: two folders of images, of the user's. Of Noto's drawings, which ship with the package, one side may be:
    --config.data.domains.a.source=emoji. All images train; `cycle` is of these.
Command: python -m gan_jax.main --config=configs/cyclegan_emoji.py --workdir=runs/emoji --config.data.domains.a.path=NOTO
    --config.data.domains.b.path=OTHER
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.translation import begin, decayed


def get_config() -> ConfigDict:
    translator = {"type": "resnet_translator.Generator", "width": 32, "blocks": 3}
    judge = {"type": "patchgan.Discriminator", "width": 32, "layers": 1, "norm": "instance"}
    networks = {"a_to_b": translator, "b_to_a": translator, "discriminator_a": judge, "discriminator_b": judge}
    config = begin("cyclegan.CycleGAN", networks, {"type": "least_squares", "factor": 1.0})
    config.steps = 40_000
    config.data.source = "domains"
    config.data.domains = ConfigDict({key: {"source": "folder", "path": f"emoji_{key}"} for key in ("a", "b")})
    config.data.shape = (32, 32, 3)
    decayed(config, base.rounds(config) // 2, base.rounds(config) // 2)
    config.rounds_a_dispatch = 10
    config.log.samples_every = 2000
    config.checkpoint.every = 2000
    config.evaluate.test = None
    config.evaluate.recipes = ("cycle", "swd")
    return config

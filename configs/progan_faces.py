"""Progressive GAN on drawn grey faces, 4 x 4 to 32 x 32, or to 64 x 64: minutes on a laptop.

Paper: Karras et al., arXiv:1710.10196, with networks of 16 to 64 channels; no table of the paper has this data set.
Got: fd_faces 11.7 after its 3,750 rounds, ten minutes of one core (one seed, docs/results.md).
Meant for: 1 device, a CPU will do.
Settings: 32 x 32 unless a size stands behind the name, as in --config=configs/progan_faces.py:64, which plays 5,000 rounds.
Command: python -m gan_jax.main --config=configs/progan_faces.py --workdir=runs/progan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces
from gan_jax.configs.parts.growing import growing
from gan_jax.names import one_of

SIDES = ("32", "64")


def get_config(size: str = "32") -> ConfigDict:
    one_of(size, SIDES, "the size behind progan_faces:")
    side = int(size)
    config = sngan_faces.get_config()
    config.data.faces.size = side
    config.data.shape = (side, side, 1)
    widths = {"channel_base": 512, "channel_max": 64}
    config.generator = ConfigDict({"type": "progan.Generator", **widths})
    config.discriminator = ConfigDict({"type": "progan.Discriminator", **widths})
    config.loss = ConfigDict({"type": "wasserstein"})
    penalty = {"type": "gradient_penalty.gradient_penalty", "weight": 10.0, "full_height": side}
    config.regularizers.gradient_penalty = ConfigDict(penalty)
    config.regularizers.drift = ConfigDict({"type": "drift.drift", "weight": 1e-3})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 4e-3, "b1": 0.0, "b2": 0.99})
    config.ema.decay = 0.998
    if side == 64:
        config.evaluate.recipes = ("swd", "ms_ssim")  # the classifier of faces looks at 32 x 32
    growing(config, fade_kimg=4, stable_kimg=4, total_kimg={32: 60, 64: 80}[side], batch_sizes={4: 16})
    return config

"""StyleGAN on drawn grey faces, 8 x 8 to 32 x 32: minutes on a laptop.

Paper: Karras et al., arXiv:1812.04948, with networks of 16 to 64 channels; no table of the paper has this data set.
Got: fd_faces 18.5 to 23.0 after its 3,750 rounds, ten minutes of one core (three seeds, docs/results.md).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/stylegan_faces.py --workdir=runs/stylegan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import progan_faces
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = progan_faces.get_config()
    widths = {"channel_base": 512, "channel_max": 64}
    config.generator = ConfigDict({"type": "stylegan.Generator", "w_dim": 64, "mapping_layers": 4, **widths})
    config.discriminator = ConfigDict({"type": "stylegan.Discriminator", **widths})
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers = ConfigDict()
    config.regularizers.r1 = ConfigDict({"type": "gradient_penalty.r1", "gamma": 1.0, "full_height": 32})
    for player in ("generator", "discriminator"):
        config.optim[player].learning_rate = 5e-3
    growing(config, fade_kimg=4, stable_kimg=4, total_kimg=60, batch_sizes={8: 16}, first=8)
    return config

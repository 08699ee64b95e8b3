"""StyleGAN2 on drawn grey faces at 32 x 32: minutes on a laptop.

Paper: Karras et al., arXiv:1912.04958, with networks of 16 to 64 channels; no table of the paper has this data set.
Got: fd_faces 19.8 after its 4,500 rounds, ten minutes of one core (docs/results.md). After 1,500 rounds, with
    --config.ema.decay=0.99: 27.2 at this rate, 33.9 at 1e-2 (one seed each, 2026-11-27).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/stylegan2_faces.py --workdir=runs/stylegan2_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    config.steps = 4500
    widths = {"channel_base": 512, "channel_max": 64}
    config.generator = ConfigDict({"type": "stylegan2.Generator", "w_dim": 64, "mapping_layers": 2, **widths})
    config.discriminator = ConfigDict({"type": "stylegan2.Discriminator", **widths})
    config.loss = ConfigDict({"type": "non_saturating"})
    r1 = {"type": "gradient_penalty.r1", "gamma": 1.0}
    config.regularizers.r1 = ConfigDict({"type": "timing.every", "n": 16, "regularizer": ConfigDict(r1)})
    lengths = ConfigDict({"type": "path_length.path_length", "weight": 2.0})
    config.regularizers.path_length = ConfigDict({"type": "timing.every", "n": 4, "regularizer": lengths})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 5e-3, "b1": 0.0, "b2": 0.99})
    return config

"""WGAN-GP's residual networks on bedrooms of 64 x 64.

Paper: Gulrajani et al., arXiv:1704.00028, figure 2 (at 128 pixels there; the code's networks are for 64).
Settings: the authors' gan_64x64.py, its "Good" networks, of 64 to 512 channels: BatchNorm in G, layer norm in the critic,
    lambda 10, Adam 1e-4 (0, 0.9), 5 critic updates a round, batch 64, z normal of 128, 200k rounds. There on ImageNet of 64 x 64.
    G's last convolution begins a little smaller here, without the gain of sqrt(2).
Expected: no number in the paper. Not run yet.
Meant for: 1 accelerator.
Data: lsun/bedroom, prepared by TFDS (`pip install ".[prepare]"`, `tfds build lsun/bedroom`: large).
Command: python -m gan_jax.main --config=configs/wgangp_lsun64.py --workdir=runs/wgangp_lsun64
"""

from ml_collections import ConfigDict

from gan_jax.configs import wgan_lsun64
from gan_jax.configs.parts import wasserstein


def get_config() -> ConfigDict:
    config = wgan_lsun64.get_config()
    config.steps = 200_000
    config.method.clip_weights = None
    config.stretches = None
    wasserstein.penalised(config)
    config.generator = ConfigDict({"type": "sngan.Generator", "widths": (512, 512, 256, 128, 64)})
    config.discriminator = ConfigDict({"type": "wgangp.Discriminator", "widths": (64, 128, 256, 512, 512)})
    config.latents.dim = 128
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.0, "b2": 0.9})
    return config

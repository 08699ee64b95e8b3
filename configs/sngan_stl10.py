"""SNGAN's ResNet on STL-10 at 48 x 48: the baseline of LT-GAN's table.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row SNGAN's ResNet on STL-10.
Expected: FID 35.74 (FID against the 8k test images, best of 3 runs). Not run yet.
Settings: 200k G steps by the paper; the rest as SNGAN's STL-10 (arXiv:1802.05957).
Meant for: 1 accelerator.
Data: STL-10, prepared by TFDS (`tfds build stl10`): the 100,000 unlabelled images.
Command: python -m gan_jax.main --config=configs/sngan_stl10.py --workdir=runs/sngan_stl10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 200_000
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "stl10", "split": "unlabelled"})
    config.data.shape = (48, 48, 3)

    config.loss = ConfigDict({"type": "hinge"})
    config.generator = ConfigDict({"type": "sngan.Generator", "norm": "batch"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator"})
    config.latents.dim = 128
    config.d_steps = 5
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "b1": 0.0, "b2": 0.9})
        rate = {"schedule": "linear", "init_value": 2e-4, "end_value": 0.0, "transition_steps": base.rounds(config)}
        config.optim[player].learning_rate = ConfigDict(rate)
    config.checkpoint.keep_every = 20_000
    config.evaluate.recipes = ("fid_test", "is50k", "prdc10k")
    return config

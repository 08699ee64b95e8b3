"""Images of one's own, a folder or a zip archive of them: the config for who has pictures and wants more like them.

Paper: the networks of Karras et al., arXiv:1710.10196, 16 to 64 channels wide, at one size from the start; the loss of
    arXiv:1812.04948 with its R1 at every fourth update; of the transforms of arXiv:2006.06676 (ADA), against overfitting
    where images are few, those that leave colours and upright things alone. Chosen among nine families by the distance
    reached in minutes, see docs/results.md.
Meant for: 1 device, a CPU will do. 100 to 100,000 images.
Settings: 64 x 64 unless a size stands behind the name, as in --config=configs/my_images.py:32: 16, 32, 64, 128 or 256.
    Images are cut to squares about their middle. With a folder for each class, --config.method.num_classes=N learns the N
    classes. A longer run: --config.steps=N, also of one that has ended.
Command: python -m gan_jax.main --config=configs/my_images.py --config.data.path=FOLDER --workdir=runs/my_images
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.styles import logistic_r1
from gan_jax.names import one_of

SIDES = ("16", "32", "64", "128", "256")


def get_config(size: str = "64") -> ConfigDict:
    one_of(size, SIDES, "the size behind my_images:")
    side = int(size)
    config = base.get_config()
    config.steps = 6000
    config.batch_size = 16
    config.data.source = "folder"
    config.data.shape = (side, side, 3)

    widths = {"channel_base": max(512, 8 * side), "channel_max": 64}
    config.latents.dim = 64
    config.generator = ConfigDict({"type": "progan.Generator", **widths})
    discriminator = ConfigDict({"type": "progan.Discriminator", **widths})
    transforms = {"policy": ("ada_blit", "ada_upright"), "target": 0.6, "speed_kimg": 50.0}
    config.discriminator = ConfigDict({"type": "augmented.Augmented", "discriminator": discriminator, **transforms})
    logistic_r1(config, gamma=1.0, every=4)
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 4e-3, "b1": 0.0, "b2": 0.99})
    config.ema.decay = 0.998

    config.log.samples_every = 250  # about a minute of 2 cores at 64 x 64
    config.checkpoint.every = 250
    config.evaluate.test = None
    return config

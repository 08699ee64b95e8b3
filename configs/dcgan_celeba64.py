"""DCGAN on faces of 64 x 64.

Paper: Radford et al., arXiv:1511.06434. Its faces, 350,000 from the web, were never released: CelebA stands in their place.
Settings: the paper's, section 4: Adam 2e-4 with b1 0.5, batch 128, weights from N(0, 0.02^2), leaky ReLU 0.2, z uniform on
    [-1, 1]^100 (unverified: from memory of the paper). The crop, 64 pixels from the centre of a 64-wide image, is ours.
Expected: no number in the paper. Not run yet.
Meant for: 1 accelerator.
Data: CelebA, prepared by TFDS (`pip install ".[prepare]"`, `tfds build celeb_a`).
Command: python -m gan_jax.main --config=configs/dcgan_celeba64.py --workdir=runs/dcgan_celeba64
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 32_000  # 25 epochs
    config.batch_size = 128
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "celeb_a", "split": "train"})
    config.data.shape = (64, 64, 3)

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (1024, 512, 256, 128)})
    config.discriminator = ConfigDict({"type": "dcgan.Discriminator", "widths": (128, 256, 512, 1024)})
    config.latents = ConfigDict({"type": "uniform", "dim": 100})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.evaluate.recipes = ("fid50k", "fid10k_test", "kid50k", "prdc10k")
    return config

"""PacDCGAN2 on stacked MNIST: packs of 2, 1,000 modes.

Paper: Lin et al., arXiv:1712.04086, VEEGAN's experiment: 128,000 triples of all 70,000 digits, 50 epochs of 2,000
batches of 64 packs, two generator updates for each of the discriminator.
Departures: digits are resized from 28 to 32 pixels, so that four doublings of 2 x 2 make them (the code rounds up to 28); a
round's generator updates draw latents of their own (the code takes the discriminator's again).
Packs of m: --config.discriminator.m=m --config.batch_size=(64 m). DCGAN: 78.9 modes, KL 4.50.
Expected: 1,000 modes of 1,000, KL 0.06, of 26,000 samples, by the authors' classifier. Not run yet.
Meant for: 1 accelerator. On a slice: --mode=plan --config=pacgan_stacked_mnist --topology=v3:2x2.
Data: MNIST, prepared by TFDS (`pip install ".[prepare]"`, `tfds build mnist`). The score needs a classifier of its digits:
    python -m gan_jax.main --mode=classifier --config=configs/sngan_digits.py --config.data.source=tfds \\
        --config.data.name=mnist --config.data.filter=lanczos "--config.data.shape=(32, 32, 1)" --out=mnist.npz
    python -m gan_jax.main --mode=evaluate --workdir=runs/pacgan_stacked_mnist --classifier=mnist.npz \\
        --recipes=stacked_modes26k_mnist
Command: python -m gan_jax.main --config=configs/pacgan_stacked_mnist.py --workdir=runs/pacgan_stacked_mnist
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 100_000
    config.batch_size = 128
    config.g_steps = 2
    config.data.source = "stacked_digits"
    config.data.stacked_digits = ConfigDict({"name": "mnist", "split": "train+test", "length": 128_000})
    config.data.shape = (32, 32, 3)

    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (512, 256, 128, 64)})
    of_packs = {"type": "dcgan.Discriminator", "widths": (64, 128, 256, 512)}
    config.discriminator = ConfigDict({"type": "packed.Packed", "m": 2, "discriminator": of_packs})
    config.latents = ConfigDict({"type": "uniform", "dim": 100})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5})
    config.evaluate.test = None  # all digits are trained on
    return config

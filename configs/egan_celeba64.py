"""E-GAN on CelebA at 64 x 64: the paper's networks for 64 pixels, but for the last layer.

Paper: Wang et al., arXiv:1803.00657; its Theano code has bedrooms at 64 and faces at 128 pixels, beta 0.001 (gamma = 2 beta).
Departures: those of egan_cifar10; the last doubling makes the image (the code's is followed by one more 3 x 3 convolution).
Expected: faces, and latents between two that make faces too (the paper's figures); it gives no number for this size.
Not run yet.
Meant for: 1 accelerator. On a slice: --mode=plan --config=egan_celeba64 --topology=v3:2x2.
Data: CelebA, prepared by TFDS (`pip install ".[prepare]"`, `tfds build celeb_a`).
Command: python -m gan_jax.main --config=configs/egan_celeba64.py --workdir=runs/egan_celeba64
"""

from ml_collections import ConfigDict

from gan_jax.configs import egan_cifar10


def get_config() -> ConfigDict:
    config = egan_cifar10.get_config()
    config.steps = 100_000
    config.data.tfds = ConfigDict({"name": "celeb_a", "split": "train"})
    config.data.shape = (64, 64, 3)
    config.method.gamma = 0.002
    config.generator.widths = (1024, 1024, 512, 256)
    config.discriminator.widths = (128, 256, 512, 1024)
    config.evaluate.recipes = ("fid50k", "kid50k", "prdc10k")
    return config

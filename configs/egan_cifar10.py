"""E-GAN on CIFAR-10: one survivor of three mutations.

Paper: Wang et al., arXiv:1803.00657, and its Theano code: batch 32, three discriminator updates, 256 images an evaluation,
100 epochs of the images and their mirror images, beta 0.002, which is gamma = 2 beta here (see docs/methods/egan.md).
Departures: a child takes its parent's optimiser with it, as the authors' later code does (the Theano code keeps one for each
mutation); it is judged beside the round's 96 real images, not 256 others.
Several survivors: --config.method.survivors=8; with a gradient penalty too: egan_gp_cifar10.
Expected: Inception score 6.9 (unverified). Not run yet.
Meant for: 1 accelerator. On a slice: --mode=plan --config=egan_cifar10 --topology=v3:2x2.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/egan_cifar10.py --workdir=runs/egan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 104_000
    config.batch_size = 32
    config.d_steps = 3
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)
    config.data.flip = True

    config.method = ConfigDict({"type": "evolutionary.Evolutionary", "num_classes": 0})
    config.method.survivors = 1
    config.method.gamma = 0.004
    config.method.evaluated = 256
    config.loss = ConfigDict({"type": "non_saturating"})
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (512, 256, 128), "kernel": 4, "norm": "none"})
    config.discriminator = ConfigDict({"type": "dcgan.Discriminator", "widths": (128, 256, 512), "kernel": 4})
    config.latents = ConfigDict({"type": "uniform", "dim": 100})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5})
    config.evaluate.recipes = ("fid10k_test", "fid50k", "is50k", "prdc10k")
    return config

"""R3GAN on CIFAR-10, class-conditional.

Paper: Huang et al., arXiv:2501.05441, its table of CIFAR-10, config E.
Expected: FID 1.96 (50,000 samples against all training images: fid50k here). Not run yet.
Settings: the authors' code (its preset and command, --cond=1 --mirror=1), which does not say when the published run ended: 40M
    images is a guess. There each update of G has real images of its own; here they are those of D's last update.
Meant for: 8 accelerators, as published; on one, set method.accumulate to 4.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/r3gan_cifar10.py --workdir=runs/r3gan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts.r3gan import augmented, relativistic_with_penalties


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 78_125  # 40M images
    config.batch_size = 512
    config.precision = "bfloat16"  # in the three largest stages
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10", "split": "train"})
    config.data.shape = (32, 32, 3)
    config.data.flip = True

    config.method.num_classes = 10
    config.method.fake_labels = "data"
    net = {"widths": (768, 768, 768, 768), "float32_stages": 1}
    config.generator = ConfigDict({"type": "r3gan.Generator", **net})
    config.discriminator = augmented({"type": "r3gan.Discriminator", **net}, 20_000, "kimg", probability=(0.0, 0.55))
    config.latents.dim = 64
    relativistic_with_penalties(
        config, 20_000, "kimg", rate=(2e-4, 5e-5), gamma=(0.05, 0.005), half_life_kimg=(0.0, 5000.0)
    )

    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("fid50k", "is50k", "prdc10k")
    return config

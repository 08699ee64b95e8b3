"""AC-GAN on CIFAR-10, classes told by a head.

Paper: Odena et al., arXiv:1610.09585, appendix A, the CIFAR-10 table.
Settings: the table's, as far as known: G 384, 192, 96; D 16 to 512 with dropout 0.5; Adam at 2e-4 (0.5, 0.999), batch 100,
    50,000 batches, all weights from N(0, 0.02); z has 100 numbers and one of each class beside them (all unverified).
Expected: Inception score 8.25 +- 0.07 (unverified). Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/acgan_cifar10.py --workdir=runs/acgan_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 50_000
    config.batch_size = 100
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "cifar10"})
    config.data.shape = (32, 32, 3)

    config.method.num_classes = 10
    config.generator = ConfigDict({"type": "acgan.Generator", "widths": (384, 192, 96)})
    config.discriminator = ConfigDict({"type": "acgan.Discriminator", "num_classes": 0})
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers.classes = ConfigDict({"type": "auxiliary_classifier.auxiliary_classifier"})
    config.latents.dim = 100

    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("is50k", "fid10k_test", "intra_fid50k", "ms_ssim_by_class", "cas")
    return config

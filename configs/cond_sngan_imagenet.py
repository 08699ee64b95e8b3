"""The class-conditional baseline of SS-GAN on ImageNet at 128 x 128, batch 64.

Paper: the conditional GAN of Chen et al., arXiv:1811.11212, table 1, ImageNet.
Settings: the table's, as far as known: batch 64, 1 M rounds, Adam at 2e-4, uniform latents (all unverified), no average.
Expected: FID 42.07 (unverified), 50k samples against 50k validation images. Not run yet.
Meant for: 1 accelerator.
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/cond_sngan_imagenet.py --workdir=runs/cond_sngan_imagenet
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_imagenet


def get_config() -> ConfigDict:
    config = sngan_imagenet.get_config()
    config.steps = 1_000_000
    config.batch_size = 64
    config.precision = "float32"
    config.method.num_classes = 1000
    config.generator.norm = "conditional_batch"
    config.latents = ConfigDict({"type": "uniform", "dim": 128})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.0, "b2": 0.9})
    config.ema.decay, config.ema.start = None, 0
    return config

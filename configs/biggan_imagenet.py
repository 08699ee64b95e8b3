"""BigGAN on ImageNet at 128 x 128, class-conditional, batch 2048.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row BigGAN on ImageNet 128.
Expected: FID 10.34 (FID against the 50k validation images). Not run yet.
Settings: BigGAN-PyTorch's script of batch 256 x 8, which does not flip.
    LT-GAN fine-tuned its public checkpoint; --mode=import reads it.
Meant for: 128 TPU cores (v3:8x8), or fewer with method.accumulate.
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/biggan_imagenet.py --workdir=runs/biggan_imagenet
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 150_000
    config.batch_size = 2048
    config.precision = "bfloat16"  # BigGAN-PyTorch's was float32
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "imagenet2012", "split": "train"})
    config.data.shape = (128, 128, 3)

    config.loss = ConfigDict({"type": "hinge"})
    config.generator = ConfigDict({"type": "biggan.Generator", "ch": 96})
    config.discriminator = ConfigDict({"type": "biggan.Discriminator", "ch": 96})
    config.latents.dim = 120
    config.method.num_classes = 1000
    config.optim.generator = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.0, "b2": 0.999, "eps": 1e-6})
    config.optim.discriminator = ConfigDict(
        {"type": "adam", "learning_rate": 4e-4, "b1": 0.0, "b2": 0.999, "eps": 1e-6}
    )
    config.ema.decay = 0.9999
    config.ema.start = 20_000
    config.checkpoint.keep_every = 10_000
    config.evaluate.recipes = ("fid50k_test", "is50k", "prdc10k")
    config.evaluate.test = ConfigDict({"split": "validation"})
    return config

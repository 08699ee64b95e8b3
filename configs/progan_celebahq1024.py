"""Progressive GAN on CelebA-HQ at 1024 x 1024.

Paper: Karras et al., arXiv:1710.10196.
Settings: minibatches and rates of the authors' code for 8 GPUs; from 64 pixels on a minibatch is 32, which no more
    than 32 devices can share.
Expected: FID 7.30 after 12 million images, against 50k real ones (7.79 in StyleGAN's table, unverified). Not run yet.
Meant for: 8 devices.
Data: celeb_a_hq/1024, prepared by TFDS from archives fetched by hand; mirrored.
Command: python -m gan_jax.main --config=configs/progan_celebahq1024.py --workdir=runs/progan_celebahq1024
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "celeb_a_hq/1024", "split": "train"})
    config.data.shape = (1024, 1024, 3)
    config.data.flip = True

    styles.networks(config, "progan")
    config.latents.dim = 512
    styles.wgan_gp(config)
    styles.adam(config)
    config.ema.decay = 0.999
    config.ema.before = True
    growing(config, 600, 600, 12_000, styles.BATCH_SIZES[8], styles.RATES[8])

    config.log.num_samples = 16
    config.checkpoint.every = 5000
    config.evaluate.recipes = ("fid50k", "swd16k", "ms_ssim10k")
    config.evaluate.test = ConfigDict({"split": "train[:3000]"})
    return config

"""StyleGAN on FFHQ at 1024 x 1024: configuration F of the paper's table 1.

Paper: Karras et al., arXiv:1812.04948.
Settings: minibatches and rates of the authors' code for 8 GPUs; from 64 pixels on a minibatch is 32, which no more
    than 32 devices can share.
Expected: FID 4.40 after 25 million images, against 50k real ones. Not run yet.
Meant for: 8 devices.
Data: a folder of FFHQ's images: --config.data.path=DIR; mirrored.
Command: python -m gan_jax.main --config=configs/stylegan_ffhq1024.py --workdir=runs/stylegan_ffhq1024
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.source = "folder"
    config.data.shape = (1024, 1024, 3)
    config.data.flip = True

    styles.networks(config, "stylegan", **styles.TABLE_1["f"])
    config.latents.dim = 512
    styles.logistic_r1(config, gamma=10.0)
    styles.adam(config)
    config.ema.half_life_kimg = 10.0
    config.ema.before = True
    growing(config, 600, 600, 25_000, styles.BATCH_SIZES[8], styles.RATES[8], first=8)

    config.log.num_samples = 16
    config.checkpoint.every = 5000
    config.evaluate.recipes = ("fid50k", "swd16k", "ms_ssim10k")
    config.evaluate.test = None
    return config

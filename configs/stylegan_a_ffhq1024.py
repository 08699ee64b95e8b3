"""Configuration A of StyleGAN's table 1, on FFHQ at 1024 x 1024: Progressive GAN itself.

Paper: Karras et al., arXiv:1812.04948, table 1.
Expected: FID 8.04 (unverified). Not run yet.
Meant for: 8 devices.
Data: a folder of FFHQ's images: --config.data.path=DIR; mirrored.
Command: python -m gan_jax.main --config=configs/stylegan_a_ffhq1024.py --workdir=runs/stylegan_a_ffhq1024
"""

from ml_collections import ConfigDict

from gan_jax.configs import stylegan_ffhq1024
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = stylegan_ffhq1024.get_config()
    styles.networks(config, "progan")
    config.regularizers = ConfigDict()
    styles.wgan_gp(config)
    config.ema = ConfigDict({"decay": 0.999, "before": True})
    growing(config, 600, 600, 12_000, styles.BATCH_SIZES[8], styles.RATES[8])
    return config

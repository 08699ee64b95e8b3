"""StyleGAN on FFHQ at 1024 x 1024, on one device: configuration F of the paper's table 1.

Paper: Karras et al., arXiv:1812.04948.
Settings: minibatches of the authors' code for one GPU; rate 0.001 at all sizes (unverified).
Expected: FID 4.40 after 25 million images, against 50k real ones. Not run yet.
Meant for: 1 accelerator.
Data: a folder of FFHQ's images: --config.data.path=DIR; mirrored.
Command: python -m gan_jax.main --config=configs/stylegan_ffhq1024_one_device.py --workdir=runs/stylegan_ffhq1024_one_device
"""

from ml_collections import ConfigDict

from gan_jax.configs import stylegan_ffhq1024
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = stylegan_ffhq1024.get_config()
    growing(config, 600, 600, 25_000, styles.BATCH_SIZES[1], styles.RATES[1], first=8)
    return config

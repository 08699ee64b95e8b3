"""Progressive GAN on CelebA-HQ at 1024 x 1024, on one device.

Paper: Karras et al., arXiv:1710.10196.
Settings: minibatches of the authors' code for one GPU; its rate there is taken as 0.001 at all sizes (unverified).
Expected: FID 7.30 after 12 million images, against 50k real ones (7.79 in StyleGAN's table, unverified). Not run yet.
Meant for: 1 accelerator.
Data: celeb_a_hq/1024, prepared by TFDS from archives fetched by hand; mirrored.
Command: python -m gan_jax.main --config=configs/progan_celebahq1024_one_device.py --workdir=runs/progan_celebahq1024_one_device
"""

from ml_collections import ConfigDict

from gan_jax.configs import progan_celebahq1024
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = progan_celebahq1024.get_config()
    growing(config, 600, 600, 12_000, styles.BATCH_SIZES[1], styles.RATES[1])
    return config

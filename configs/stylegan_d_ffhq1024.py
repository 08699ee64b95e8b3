"""Configuration D of StyleGAN's table 1, on FFHQ at 1024 x 1024: C with a constant first map.

Paper: Karras et al., arXiv:1812.04948, table 1.
Expected: FID 4.88 (unverified). Not run yet.
Meant for: 8 devices.
Data: a folder of FFHQ's images: --config.data.path=DIR; mirrored.
Command: python -m gan_jax.main --config=configs/stylegan_d_ffhq1024.py --workdir=runs/stylegan_d_ffhq1024
"""

from ml_collections import ConfigDict

from gan_jax.configs import stylegan_ffhq1024
from gan_jax.configs.parts import styles


def get_config() -> ConfigDict:
    config = stylegan_ffhq1024.get_config()
    styles.networks(config, "stylegan", **styles.TABLE_1["d"])
    return config

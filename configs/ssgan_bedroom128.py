"""SS-GAN with self-modulated BatchNorm on LSUN bedroom at 128 x 128.

Paper: Chen et al., arXiv:1811.11212, table 1, LSUN bedroom, SS-GAN (sBN).
Expected: FID 13.30, best of the runs, 30k samples against as many of the held-out hundredth. Not run yet.
Meant for: 1 accelerator.
Data: lsun/bedroom, prepared by TFDS (`pip install ".[prepare]"`, `tfds build lsun/bedroom`: large).
Command: python -m gan_jax.main --config=configs/ssgan_bedroom128.py --workdir=runs/ssgan_bedroom128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_bedroom128
from gan_jax.configs.parts.rotation import rotation


def get_config() -> ConfigDict:
    config = sngan_bedroom128.get_config()
    config.regularizers.rotation = rotation(config)
    return config

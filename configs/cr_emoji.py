"""CR-GAN on emoji at 32 x 32: consistency regularisation.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device; minutes on a GPU, an hour or two on 2 CPU cores.
Command: python -m gan_jax.main --config=configs/cr_emoji.py --workdir=runs/cr_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_emoji
from gan_jax.configs.parts.consistency import consistency


def get_config() -> ConfigDict:
    config = sngan_emoji.get_config()
    consistency(config, max_shift=2)
    return config

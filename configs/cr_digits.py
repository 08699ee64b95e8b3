"""CR-GAN on digits at 16 x 16: consistency regularisation, without mirroring.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/cr_digits.py --workdir=runs/cr_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_digits
from gan_jax.configs.parts.consistency import consistency


def get_config() -> ConfigDict:
    config = sngan_digits.get_config()
    consistency(config, max_shift=1, mirror=False)
    return config

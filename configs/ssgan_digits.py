"""SS-GAN on real handwritten digits at 16 x 16: the first run, minutes on a laptop.

Paper: Chen et al., arXiv:1811.11212, with a residual net of 32 channels; no table of the paper has this data set.
Expected: legible samples (benchmarks/digit_legibility.py) at 80% of the real test digits' share or more.
Got: 0.833 of it (69.5% against 83.4%), 6,000 rounds, seed 0, 177 s on 2 CPU cores (2026-11-22).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/ssgan_digits.py --workdir=runs/ssgan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_digits


def get_config() -> ConfigDict:
    config = sngan_digits.get_config()
    config.regularizers.rotation = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2})
    config.regularizers.rotation.fraction = 0.25  # of the batch, by all four angles
    return config

"""SS-GAN on drawn grey faces at 32 x 32: the first run, minutes on a laptop.

Paper: Chen et al., arXiv:1811.11212, with a residual net of 32 to 96 channels; no table of the paper has this data set.
Expected: faces that a person recognises, with hair, beards and glasses.
Got: those; glasses in 20% of samples (40% of the data), beards in 36% (35%), fd_faces 11.4; 3,000 rounds, seed 0, 715 s of
    processor time (2026-11-27).
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/ssgan_faces.py --workdir=runs/ssgan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    config.regularizers.rotation = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2})
    config.regularizers.rotation.fraction = 0.25  # of the batch, by all four angles
    return config

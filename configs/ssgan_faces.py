"""SS-GAN on drawn grey faces at 32 x 32: the first run, minutes on a laptop.

Paper: Chen et al., arXiv:1811.11212, with a residual net of 32 to 96 channels; no table of the paper has this data set.
Expected: faces that a person recognises, with hair, beards and glasses.
Got: those; glasses in 25% of samples (40% of the data), beards in 33% (35%), fd_faces 14.6 +- 2.9 (three seeds,
    2026-11-27; a fourth run: 18.8); 3,000 rounds in 5.4 minutes on 2 cores.
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

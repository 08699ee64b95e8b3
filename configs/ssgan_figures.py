"""SS-GAN on figures of known shape, colour, place, size and background at 32 x 32, for tests against the truth.

Paper: Chen et al., arXiv:1811.11212, with a residual net of 32 to 96 channels; no table of the paper has this data set.
Expected: five shapes that a person tells apart, in all colours, on plain greys.
Got: one figure on a plain grey in 996 of 1,000 samples, its place, size and ground over the data's range, most hues; but
    blobs, near to discs and triangles, and neither rings nor crosses: missed. 2,500 rounds, seed 0, 8 minutes of one core
    (2026-11-28). Discs, squares, rings and crosses look the same turned by a quarter, so that the rotation task has little to
    learn: the discriminator's accuracy in it is .30 over the last 500 rounds, and .25 is chance.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/ssgan_figures.py --workdir=runs/ssgan_figures
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_figures


def get_config() -> ConfigDict:
    config = sngan_figures.get_config()
    config.regularizers.rotation = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2})
    config.regularizers.rotation.fraction = 0.25  # of the batch, by all four angles
    return config

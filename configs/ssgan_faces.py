"""SS-GAN on drawn grey faces at 32 x 32.

Command: python -m gan_jax.main --config=configs/ssgan_faces.py --workdir=runs/ssgan_faces
"""

from ml_collections import ConfigDict

from configs import sngan_faces


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    config.regularizers.rotation = ConfigDict({"type": "rotation.rotation", "weight_d": 1.0, "weight_g": 0.2})
    config.regularizers.rotation.fraction = 0.25  # of the batch, by all four angles
    return config

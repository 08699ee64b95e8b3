"""SS-GAN on drawn grey faces at 32 x 32.

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

"""progan_faces with the loss of StyleGAN, R1 at every fourth update, and a discriminator that sees transforms (ADA), or does not.

A config for the picture of ADA: --config=benchmarks/growing_faces.py:ada, or :plain.
Meant for: 1 device, a CPU will do.
"""

from ml_collections import ConfigDict

from gan_jax.configs import progan_faces
from gan_jax.configs.parts.styles import logistic_r1
from gan_jax.names import one_of


def get_config(transforms: str = "ada") -> ConfigDict:
    one_of(transforms, ("ada", "plain"), "what stands behind growing_faces.py:")
    config = progan_faces.get_config()
    config.regularizers = ConfigDict()
    logistic_r1(config, gamma=1.0, every=4)
    if transforms == "ada":
        settings = {"target": 0.6, "speed_kimg": 100.0}  # and the transforms that augmented.Augmented has by default
        config.discriminator = ConfigDict(
            {"type": "augmented.Augmented", "discriminator": config.discriminator.to_dict(), **settings}
        )
    return config

"""AC-GAN on drawn faces at 32 x 32 in four classes, glasses or not by beard or not: minutes on a CPU.

Paper: Odena et al., arXiv:1610.09585, for the class head and its losses. The networks are those of sngan_faces, with a scale and
    bias for each class in G.
Expected: 95 % of samples or more are of their class by the shipped classifier, `class_accuracy_faces`. Not run yet.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/acgan_faces.py --workdir=runs/acgan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_faces


def get_config() -> ConfigDict:
    config = sngan_faces.get_config()
    config.data.faces.attributes = ("glasses", "beard")
    config.method.num_classes = 4
    config.generator.norm = "conditional_batch"
    config.discriminator.num_classes = 0  # it is not told the class
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers.classes = ConfigDict(
        {"type": "auxiliary_classifier.auxiliary_classifier", "scheme": "spectral"}
    )
    config.evaluate.recipes = (*config.evaluate.recipes, "class_accuracy_faces")
    return config

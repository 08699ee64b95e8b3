"""AC-GAN on drawn faces at 32 x 32 in four classes, glasses or not by beard or not: minutes on a CPU.

Paper: Odena et al., arXiv:1610.09585, whose networks these are at a fraction of the width.
Expected: 95 % of samples or more are of their class by the shipped classifier, `class_accuracy_faces`.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/acgan_faces.py --workdir=runs/acgan_faces
"""

from ml_collections import ConfigDict

from gan_jax.configs import acgan_digits


def get_config() -> ConfigDict:
    config = acgan_digits.get_config()
    config.steps = 3000
    config.batch_size = 32
    config.data.source = "faces"
    config.data.faces = ConfigDict({"size": 32, "attributes": ("glasses", "beard")})
    config.data.shape = (32, 32, 1)
    config.data.filter = "lanczos"

    config.method.num_classes = 4
    config.generator.widths = (128, 64, 32)
    config.discriminator.widths = (16, 32, 64, 64, 128, 128)
    config.latents.dim = 64
    config.log.num_samples = 64

    names = ("fd_faces", "fd_faces_test", "kd_faces", "prdc_faces", "attributes_faces", "class_accuracy_faces")
    config.evaluate.recipes = (*names, "swd", "ms_ssim")
    return config

"""AC-GAN on the 8 x 8 digits, enlarged to 16 x 16: minutes on a CPU.

Paper: Odena et al., arXiv:1610.09585, whose networks these are at a fraction of the width.
Some labels are enough: --config.data.labelled=0.05 keeps one in twenty, of each class.
Expected: 95 % of samples or more are of their class by the shipped classifier, `class_accuracy_digits`; with 5 % of the labels,
    85 %.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/acgan_digits.py --workdir=runs/acgan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 4000
    config.batch_size = 50
    config.data.source = "digits"
    config.data.shape = (16, 16, 1)
    config.data.filter = "bicubic"

    config.method.num_classes = 10
    config.generator = ConfigDict({"type": "acgan.Generator", "widths": (96, 48)})
    widths = (16, 32, 64, 128)
    config.discriminator = ConfigDict(
        {"type": "acgan.Discriminator", "widths": widths, "dropout": 0.3, "num_classes": 0}
    )
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers.classes = ConfigDict({"type": "auxiliary_classifier.auxiliary_classifier"})
    config.latents.dim = 32
    for player in ("generator", "discriminator"):
        rate = {"schedule": "cosine_decay", "init_value": 1e-3, "decay_steps": base.rounds(config)}
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": rate, "b1": 0.5, "b2": 0.999})
    config.ema.decay = 0.999

    config.log.samples_every = 500
    config.log.num_samples = 80
    config.checkpoint.every = 500

    names = ("fd_digits", "fd_digits_test", "kd_digits", "prdc_digits", "class_accuracy_digits")
    config.evaluate.recipes = (*names, "swd", "ms_ssim", "ms_ssim_by_class")
    return config

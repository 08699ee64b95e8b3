"""AC-GAN on the 8 x 8 digits, enlarged to 16 x 16: minutes on a CPU.

Paper: Odena et al., arXiv:1610.09585, for the class head and its losses. The networks are those of sngan_digits, with a scale and
    bias for each class in G: on so few images the paper's own, narrower, drew worse digits.
Some labels are enough: --config.data.labelled=0.05 keeps one in twenty, of each class.
Expected: 95 % of samples or more are of their class by the shipped classifier, `class_accuracy_digits`; with 5 % of the labels,
    85 %.
Got: 99.9 % of 1,442 samples are of their class, by class 99.4 to 100; FD 1.16 against the test digits; MS-SSIM in a class 0.62
    (seed 0, 2026-11-27, 6 minutes of one shared core of a CPU). With 5 % of the labels, 79 images: 89.3 %, FD 1.58; least are
    the 1s, 53 %, and the 8s, 77 %.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/acgan_digits.py --workdir=runs/acgan_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_digits


def get_config() -> ConfigDict:
    config = sngan_digits.get_config()
    config.steps = 4000
    config.method.num_classes = 10
    config.generator.norm = "conditional_batch"
    config.discriminator.num_classes = 0  # it is not told the class
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers.classes = ConfigDict(
        {"type": "auxiliary_classifier.auxiliary_classifier", "scheme": "spectral"}
    )

    config.log.num_samples = 80
    names = ("fd_digits", "fd_digits_test", "kd_digits", "prdc_digits", "class_accuracy_digits")
    config.evaluate.recipes = (*names, "swd", "ms_ssim", "ms_ssim_by_class")
    return config

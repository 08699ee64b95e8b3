"""InfoGAN on MNIST: one code of ten values and two continuous ones, without labels.

Paper: Chen et al., arXiv:1606.03657, appendix C.1; openai/InfoGAN for what it leaves open.
Settings: 62 uniform numbers, a code of 10 values, two of U(-1, 1) whose Q is a normal distribution of standard deviation 1; the
    information in both losses, weight 1; Adam, b1 0.5, G at 1e-3, D at 2e-4, batch 128; 5,000 rounds (unverified).
Expected: the code agrees with the digit, under the best matching, in 95 % (the paper's error of 5 %; unverified). Not run yet.
Meant for: 1 accelerator.
Data: MNIST, prepared by TFDS (`pip install ".[prepare]"`, `tfds build mnist`).
Command: python -m gan_jax.main --config=configs/infogan_mnist.py --workdir=runs/infogan_mnist
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 5000
    config.batch_size = 128
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "mnist"})
    config.data.shape = (28, 28, 1)

    noise = {"type": "uniform", "dim": 62}
    config.latents = ConfigDict({"type": "coded", "noise": noise, "categorical": (10,), "continuous": 2})
    config.generator = ConfigDict({"type": "infogan.Generator"})
    config.discriminator = ConfigDict({"type": "infogan.Discriminator"})
    config.loss = ConfigDict({"type": "non_saturating"})
    config.regularizers.information = ConfigDict({"type": "mutual_information.mutual_information"})
    config.optim.generator.learning_rate = 1e-3
    return config

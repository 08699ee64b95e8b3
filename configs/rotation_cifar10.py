"""The rotation task alone, without a game: what D's features are worth where no adversarial loss shapes them.

Paper: Chen et al., arXiv:1811.11212, section 4.3: the ablation beside SS-GAN's features, by the same probe.
Settings: ssgan_cifar10 with loss "nothing". D learns the turns of real images alone. G learns only to make images whose turn
    D can tell, and D does not see them: its samples mean nothing, and only the probe's scores count.
Expected: no number at hand. Not run yet.
Meant for: 1 accelerator.
Data: CIFAR-10, prepared by TFDS (`pip install ".[prepare]"`, `tfds build cifar10`).
Command: python -m gan_jax.main --config=configs/rotation_cifar10.py --workdir=runs/rotation_cifar10
"""

from ml_collections import ConfigDict

from gan_jax.configs import ssgan_cifar10


def get_config() -> ConfigDict:
    config = ssgan_cifar10.get_config()
    config.loss = ConfigDict({"type": "nothing"})
    config.evaluate.recipes = ("probe",)
    return config

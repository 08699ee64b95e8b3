"""WGAN on bedrooms of 64 x 64.

Paper: Arjovsky et al., arXiv:1701.07875, figures 3 and 5 (the estimate over training; DCGAN's generator).
Settings: the authors' main.py (configs/parts/wasserstein.py): batch 64, z normal of 100, images scaled to 64 on their short side
    (bilinear) and cropped, 25 epochs of bedrooms, which are about 1,184,800 updates of the critic and 227,500 of G. Its
    networks: 4 x 4 kernels, no biases, BatchNorm in both; its norms' scales begin at N(1, 0.02^2), here at 1.
The other generator of the paper, which the plain GAN cannot train, has no norm: a perceptron of 3 hidden layers of 512 units,
    --config.generator.type=mlp.Generator --config.generator.widths=512,512,512, with kernel and use_bias of that block None.
Expected: no number in the paper: the estimate falls as samples become better. Not run yet.
Meant for: 1 accelerator.
Data: lsun/bedroom, prepared by TFDS (`pip install ".[prepare]"`, `tfds build lsun/bedroom`: large).
Command: python -m gan_jax.main --config=configs/wgan_lsun64.py --workdir=runs/wgan_lsun64
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import wasserstein


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 227_500
    config.batch_size = 64
    config.data.source = "tfds"
    config.data.tfds = ConfigDict({"name": "lsun/bedroom", "split": "train[1%:]"})  # the first hundredth is for scores
    config.data.shape = (64, 64, 3)
    config.data.filter = "bilinear"

    wasserstein.clipped(config)
    plain = {"kernel": 4, "use_bias": False}
    config.generator = ConfigDict({"type": "dcgan.Generator", "widths": (512, 256, 128, 64), **plain})
    config.discriminator = ConfigDict({"type": "dcgan.Discriminator", "widths": (64, 128, 256, 512), **plain})
    config.latents.dim = 100

    config.evaluate.recipes = ("fid_test", "kid50k", "prdc10k")
    config.evaluate.test = ConfigDict({"split": "train[:1%]"})
    return config

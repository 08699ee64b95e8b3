"""StyleGAN2 on FFHQ at 256 x 256: ADA's "paper256".

Paper: Karras et al., arXiv:1912.04958; settings of its ADA code (arXiv:2006.06676).
Expected: FID 3.81 on 70k images (DiffAugment's table). Not run yet.
Settings: R1's and the path length's gradients join the loss's in one step of Adam; the authors' code takes a step of its own
    for each, and lowers rate and betas for it. The minibatch of 64 is the most devices that can share it.
Meant for: 8 devices.
Data: a folder of FFHQ's images: --config.data.path=DIR; mirrored.
Command: python -m gan_jax.main --config=configs/stylegan2_ffhq256.py --workdir=runs/stylegan2_ffhq256
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import styles


def get_config() -> ConfigDict:
    config = base.get_config()
    config.batch_size = 64
    config.steps = 25_000_000 // 64
    config.data.source = "folder"
    config.data.shape = (256, 256, 3)
    config.data.flip = True

    styles.networks(config, "stylegan2", {"stddev_group": 8}, channel_base=16384)
    config.latents.dim = 512
    styles.logistic_r1(config, gamma=1.0, in_finished_pixels=False, every=16)
    styles.path_length(config)
    styles.adam(config, 2.5e-3)
    config.ema.half_life_kimg = 20.0

    config.checkpoint.every = 5000
    config.evaluate.recipes = ("fid50k", "swd16k", "ms_ssim10k")
    config.evaluate.test = None
    return config

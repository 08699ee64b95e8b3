"""StyleGAN on CelebA-HQ at 128 x 128: LT-StyleGAN's baseline.

Paper: LT-GAN's table of FID, Patel et al., arXiv:2010.09893, row StyleGAN on CelebA-HQ 128.
Expected: FID 11.43 (against 3k test images, best of 3 runs). Not run yet.
Settings: rosinality's port, by the paper's footnote: R1 on slopes in pixels of each size, gamma 10. Minibatches are those of
    StyleGAN's authors for one device (unverified); 525k updates of G in all.
Meant for: 1 accelerator.
Data: celeb_a_hq/128, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/stylegan_celebahq128.py --workdir=runs/stylegan_celebahq128
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_celebahq128
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing


def get_config() -> ConfigDict:
    config = sngan_celebahq128.get_config()
    config.data.flip = True
    styles.networks(config, "stylegan")
    config.latents = ConfigDict({"type": "normal", "dim": 512})
    styles.logistic_r1(config, gamma=10.0, in_finished_pixels=False)
    styles.adam(config)
    config.ema.decay = 0.999
    growing(config, 600, 600, total_kimg=13_500, batch_sizes=styles.BATCH_SIZES[1], rates=styles.RATES[1], first=8)
    return config

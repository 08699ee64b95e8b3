"""SS-GAN's large run: BigGAN's network with the rotation task and without labels, ImageNet at 128 x 128, batch 2048.

Paper: Chen et al., arXiv:1811.11212, its result at batch 2048 on 128 TPU cores.
Expected: FID 23.4 against 50k validation images (abstract); compare_gan's released model: FID 20.6, IS 24.9. Not run yet.
Settings: compare_gan's biggan_imagenet128 (batch, rates, rounds, average, latents in parts) without its labels; each block's
    norms are self-modulated by its part of the latents (unverified). Upsampling is BigGAN-PyTorch's, to the nearest
    neighbour; compare_gan's fills with zeros (generator.upsample="zeros"). The task: configs/parts/rotation.py.
Meant for: 128 TPU cores (v3:8x8).
Data: imagenet2012, prepared by TFDS from archives fetched by hand.
Command: python -m gan_jax.main --config=configs/ssbiggan_imagenet.py --workdir=DIR
"""

from ml_collections import ConfigDict

from gan_jax.configs import ssgan_imagenet


def get_config() -> ConfigDict:
    config = ssgan_imagenet.get_config()
    config.generator = ConfigDict({"type": "biggan.Generator", "ch": 96, "norm": "self_modulated"})
    config.discriminator = ConfigDict({"type": "biggan.Discriminator", "ch": 96})
    return config

"""pix2pix from labels to facades at 256 x 256, as the paper trains it.

Paper: Isola et al., arXiv:1611.07004, section 6.2: 400 pairs, 200 epochs, batches of 1, jitter and mirroring.
Settings: of the authors' PyTorch port, which lets the rate fall over the last 100 epochs; the Torch original keeps it.
Expected: no score in the paper; its pictures are in figure 14 (unverified).
Meant for: 1 GPU.
Data: the authors' facades, images side by side in folders train, val and test; the photo is the left half.
Command: python -m gan_jax.main --config=configs/pix2pix_facades.py --config.data.path=facades --workdir=runs/facades
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts.translation import begin, decayed, jittered

EPOCH = 400


def get_config() -> ConfigDict:
    networks = {"generator": {"type": "unet.Generator"}, "discriminator": {"type": "patchgan.Discriminator"}}
    config = begin("pix2pix.Pix2Pix", networks, {"type": "non_saturating"})
    config.steps = 200 * EPOCH
    config.method.direction = "b_to_a"
    config.data.source = "pairs"
    config.data.split = "train"
    config.data.shape = (256, 256, 3)
    jittered(config)
    decayed(config, 100 * EPOCH, 100 * EPOCH)
    config.log.samples_every = config.checkpoint.every = 5 * EPOCH
    return config

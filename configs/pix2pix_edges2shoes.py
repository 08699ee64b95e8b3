"""pix2pix from edges to shoes at 256 x 256, as the paper trains it.

Paper: Isola et al., arXiv:1611.07004, section 6.2: 50k pairs, 15 epochs, batches of 4, no jitter (unverified).
Expected: no score in the paper; its pictures are in figure 16 (unverified).
Meant for: 1 GPU.
Data: the authors' edges2shoes, images side by side in folders train and val; the edges are the left half.
Command: python -m gan_jax.main --config=configs/pix2pix_edges2shoes.py --config.data.path=edges2shoes --workdir=runs/shoes
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts.translation import begin

EPOCH = 49_825 // 4  # rounds


def get_config() -> ConfigDict:
    networks = {"generator": {"type": "unet.Generator"}, "discriminator": {"type": "patchgan.Discriminator"}}
    config = begin("pix2pix.Pix2Pix", networks, {"type": "non_saturating"})
    config.steps = 15 * EPOCH
    config.batch_size = 4
    config.method.direction = "a_to_b"
    config.data.source = "pairs"
    config.data.split = "train"
    config.data.shape = (256, 256, 3)
    config.log.samples_every = config.checkpoint.every = EPOCH // 2
    config.evaluate.test = {"split": "val"}
    return config

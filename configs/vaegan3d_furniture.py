"""3D-VAE-GAN on furniture: from one grey picture of 64 x 64 to a shape of 32 x 32 x 32 voxels.

Paper: Wu et al., arXiv:1610.07584, section 3.2. Its encoder takes 256 x 256 (widths 64, 128, 256, 512), its weights are 5 of KL
    and 1e-4 of reconstruction (both unverified): with so small a weight on shapes this size, codes say nothing of pictures.
Table: average precision on IKEA, the mean over six classes: 53.1 with a network for each, 43.5 with one for all (unverified).
Data: gan_jax.data.sources.furniture, in the package: 404 models from 8 sides; other models are held out.
Expected: nothing published; the mean training shape is what it must beat, beside it in the recipe `reconstruction`.
Meant for: 1 device; a CPU takes hours.
Command: python -m gan_jax.main --config=configs/vaegan3d_furniture.py --workdir=runs/vaegan3d_furniture
"""

from ml_collections import ConfigDict

from gan_jax.configs import gan3d_furniture

VIEW = (64, 64, 1)


def get_config() -> ConfigDict:
    config = gan3d_furniture.get_config()
    config.batch_size = 16
    config.d_steps = 1
    config.data.furniture = ConfigDict({"views": tuple(range(8))})
    config.data.shapes = {"image": VIEW}

    del config.ema
    config.method = ConfigDict({"type": "voxel_vae.VoxelVae"})
    config.method.weight_kl = 0.1
    config.method.weight_reconstruction = 0.02
    config.encoder = ConfigDict({"type": "view_encoder.Encoder", "dim": 128})
    config.encoder.update({"widths": (32, 64, 128, 128), "kernels": (5, 5, 5, 5), "strides": (2, 2, 2, 2)})
    config.latents = ConfigDict({"type": "normal", "dim": 128})
    for player in ("encoder", "generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 3e-4, "b1": 0.5, "b2": 0.9})

    config.evaluate.recipes = ("reconstruction",)
    config.evaluate.during = ("reconstruction",)
    config.evaluate.sampler = "reconstruct"
    return config

"""3D-GAN on 404 pieces of furniture of 32 x 32 x 32 voxels, by the later recipe: WGAN-GP.

Paper: Wu et al., arXiv:1610.07584: networks and uniform latents; section 13 classes, one network here for all of them. The
    networks are a quarter as wide as at the paper's 64^3. Its own training, with D at rest above 80 % accuracy, tends to end
    in one shape ("always a cube"): config.loss and config.optim of gan3d_modelnet. The same group's later critic: without
    normalisation, WGAN-GP, Adam 1e-4, batch 4 (unverified; a critic of 5 updates a round is WGAN-GP's own).
Data: gan_jax.data.sources.furniture, in the package.
Expected: nothing published.
Meant for: 1 device; a CPU takes hours.
Command: python -m gan_jax.main --config=configs/gan3d_furniture.py --workdir=runs/gan3d_furniture
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 20_000
    config.batch_size = 4
    config.d_steps = 5
    config.data.source = "furniture"
    config.data.shape = (32, 32, 32, 1)

    config.method.judged = "voxels"
    config.generator = ConfigDict({"type": "gan3d.Generator", "widths": (128, 64, 32)})
    config.discriminator = ConfigDict({"type": "gan3d.Discriminator", "widths": (32, 64, 128), "norm": "none"})
    config.latents = ConfigDict({"type": "uniform", "dim": 200, "low": 0.0, "high": 1.0})
    config.loss = ConfigDict({"type": "wasserstein"})
    config.regularizers.gradient_penalty = ConfigDict({"type": "gradient_penalty.gradient_penalty", "weight": 10.0})
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 1e-4, "b1": 0.5, "b2": 0.9})
    config.ema.decay = 0.999

    config.log.num_samples = 16
    config.log.samples_every = 500
    config.checkpoint.every = 500
    config.evaluate.recipes = ("shapes", "nearest_shape", "shape_classes")
    config.evaluate.during = ("shapes",)
    return config

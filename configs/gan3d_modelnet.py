"""3D-GAN as its paper trains it, on chairs of ModelNet at 64 x 64 x 64 voxels.

Paper: Wu et al., arXiv:1610.07584, section 3.1. G 0.0025, D 1e-5, Adam with b1 0.5, batch 100, latents U(0, 1) of 200 numbers
    (rates and batch unverified); D is updated only where its accuracy in the last batch was at most 80 %.
Table: linear SVM on D's features, trained on ShapeNet: ModelNet40 83.3 %, ModelNet10 91.0 % (unverified).
Data: --config.data.path=FOLDER of ModelNet, one class in one pose a network: a folder chair/train/*.off and chair/test. ModelNet
    is up along z, and hardly any mesh of it is watertight.
Expected: chairs, as the paper's figures show them (no number). Not run here. Known trouble: one shape for all.
Meant for: 1 GPU.
Command: python -m gan_jax.main --config=configs/gan3d_modelnet.py --config.data.path=ModelNet/chair
    --workdir=runs/gan3d_modelnet
"""

from ml_collections import ConfigDict

from gan_jax.configs import base


def get_config() -> ConfigDict:
    config = base.get_config()
    config.steps = 20_000
    config.batch_size = 100
    config.data.source = "volumes"
    config.data.path = "ModelNet/chair"
    config.data.volumes = ConfigDict({"size": 64, "up": "z", "skip_broken": True})
    config.data.shape = (64, 64, 64, 1)

    config.method.judged = "voxels"
    config.generator = ConfigDict({"type": "gan3d.Generator"})
    config.discriminator = ConfigDict({"type": "gan3d.Discriminator"})
    config.latents = ConfigDict({"type": "uniform", "dim": 200, "low": 0.0, "high": 1.0})
    config.loss = ConfigDict({"type": "resting", "loss": {"type": "non_saturating"}, "above": 0.8})
    for player, rate in (("generator", 0.0025), ("discriminator", 1e-5)):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": rate, "b1": 0.5, "b2": 0.999})

    config.log.num_samples = 16
    config.evaluate.recipes = ("shapes", "nearest_shape", "shape_classes")
    config.evaluate.during = ("shapes",)
    return config

"""CycleGAN between horses and zebras at 256 x 256, as the authors train it.

Paper: Zhu et al., arXiv:1703.10593, appendix 7.1 and 7.2: 9 blocks, patches of 70 pixels, a pool of 50, batches of 1.
Settings: of the authors' PyTorch port: 100 epochs, then 100 over which the rate falls to 0; identity at half the cycle's weight.
Expected: no score in the paper; its pictures are in figure 13 (unverified).
Meant for: 1 GPU.
Data: cycle_gan/horse2zebra of TensorFlow Datasets, or two folders: config.data.domains, see docs/translation.md.
Command: python -m gan_jax.main --config=configs/cyclegan_horse2zebra.py --workdir=runs/horse2zebra
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts.translation import begin, decayed, jittered

EPOCH = 1334  # images of the larger domain, zebras


def get_config() -> ConfigDict:
    translator = {"type": "resnet_translator.Generator"}
    judge = {"type": "patchgan.Discriminator", "norm": "instance"}
    networks = {"a_to_b": translator, "b_to_a": translator, "discriminator_a": judge, "discriminator_b": judge}
    config = begin("cyclegan.CycleGAN", networks, {"type": "least_squares", "factor": 1.0})
    config.steps = 200 * EPOCH
    of = lambda part: {
        key: {"source": "tfds", "name": "cycle_gan/horse2zebra", "split": f"{part}{key.upper()}"} for key in ("a", "b")
    }
    config.data.source = "domains"
    config.data.domains = ConfigDict(of("train"))
    config.data.shape = (256, 256, 3)
    jittered(config)
    decayed(config, 100 * EPOCH, 100 * EPOCH)
    config.log.samples_every = config.checkpoint.every = 5 * EPOCH
    config.evaluate.test = {"domains": of("test")}
    config.evaluate.recipes = ("cycle", "swd")
    return config

"""AdaIN style transfer without downloads: emoji in the colours and textures of drawn patterns (arXiv:1703.06868).

Data: emoji and patterns at 32 x 32, embedded. The encoder is the embedded VGG-19 of a quarter of the width.
What failed: at a rate of 1e-3 the decoder learned nothing in 300 rounds, at 64 x 64 and at 32 x 32: a step moves the image by a
third of its range, and single gradients are fifty times the usual ones.
What is unverified: how it looks after these 3,000 rounds at 3e-4.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/adain_emoji.py --workdir=runs/adain_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import style_transfer


def get_config() -> ConfigDict:
    config = style_transfer.get_config()
    config.steps = 8000
    config.batch_size = 4
    config.encoder = ConfigDict({"type": "vgg19.Encoder", "weights": "vgg19_quarter", "width": 16})
    config.decoder.width = 16
    rate = {"schedule": "cosine_decay", "init_value": 1e-3, "decay_steps": base.rounds(config)}
    config.optim.decoder.learning_rate = ConfigDict(rate)
    config.optim.decoder.clip_norm = 10.0
    falling = {"schedule": "cosine_decay", "init_value": 30.0, "decay_steps": base.rounds(config)}
    config.method.style_weight = 1.0  # channels of this encoder have the mean 1
    config.method.reconstruction_weight = ConfigDict(falling)
    config.data.domains = ConfigDict(
        {"content": {"source": "emoji"}, "style": {"source": "patterns", "size": 64, "length": 4000}}
    )
    config.data.shape = (64, 64, 3)
    config.log.samples_every = 500
    config.checkpoint.every = 500
    return config

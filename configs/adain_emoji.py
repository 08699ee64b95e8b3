"""AdaIN style transfer without downloads: emoji in the colours and textures of drawn patterns (arXiv:1703.06868).

Data: emoji and patterns at 64 x 64, embedded (the emoji are 32 x 32, enlarged). The encoder is the embedded VGG-19 of a quarter
of the width.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/adain_emoji.py --workdir=runs/adain_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import style_transfer


def get_config() -> ConfigDict:
    config = style_transfer.get_config()
    config.steps = 2000
    config.encoder = ConfigDict({"type": "vgg19.Encoder", "weights": "vgg19_quarter", "width": 16})
    config.decoder.width = 16
    rate = {"schedule": "cosine_decay", "init_value": 1e-3, "decay_steps": base.rounds(config)}
    config.optim.decoder.learning_rate = ConfigDict(rate)
    config.data.domains = ConfigDict({"content": {"source": "emoji"}, "style": {"source": "patterns", "length": 4000}})
    config.data.shape = (64, 64, 3)
    config.log.samples_every = 250
    config.checkpoint.every = 500
    return config

"""AdaIN style transfer without downloads: emoji in the colours and textures of drawn patterns (arXiv:1703.06868).

Data: emoji and patterns at 64 x 64, embedded, seen by crops of 32. The encoder is the embedded VGG-19 of a quarter of the width.
Expected: after these 3,000 rounds (24 minutes of one core) the decoder gives emoji back where alpha is 0, blurred; as styles
only clouds and strokes arrive, and regular patterns become a plaid: both losses still fall as the rate ends. See
docs/style_transfer.md. The published settings are adain_coco_wikiart.
What failed: 300 rounds at a rate of 1e-3 without clipping gradients: single ones are fifty times the usual. What is
unverified: a longer run.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/adain_emoji.py --workdir=runs/adain_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import base
from gan_jax.configs.parts import style_transfer


def get_config() -> ConfigDict:
    config = style_transfer.get_config()
    config.steps = 3000
    config.batch_size = 16
    config.encoder = ConfigDict({"type": "vgg19.Encoder", "weights": "vgg19_quarter", "width": 16})
    config.decoder.width = 16
    rate = {"schedule": "cosine_decay", "init_value": 1e-3, "decay_steps": base.rounds(config)}
    config.optim.decoder.learning_rate = ConfigDict(rate)
    config.optim.decoder.clip_norm = 1.0
    falling = {"schedule": "cosine_decay", "init_value": 30.0, "decay_steps": base.rounds(config)}
    config.method.style_weight = 1.0  # channels of this encoder have the mean 1
    config.method.reconstruction_weight = ConfigDict(falling)
    config.data.domains = ConfigDict(
        {"content": {"source": "emoji"}, "style": {"source": "patterns", "size": 64, "length": 4000}}
    )
    config.data.shape = (32, 32, 3)
    config.data.oversize = 2.0
    config.data.crop = "random"
    config.log.samples_every = 500
    config.checkpoint.every = 500
    return config

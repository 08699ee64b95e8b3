"""AdaIN style transfer without downloads: the drawn faces in the colours and strokes of drawn patterns (arXiv:1703.06868).

Data: faces and patterns at 64 x 64, embedded. The encoder is the embedded VGG-19 of a quarter of the width.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/adain_faces.py --workdir=runs/adain_faces
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
    config.data.domains = ConfigDict({"content": {"source": "faces"}, "style": {"source": "patterns"}})
    config.data.shape = (64, 64, 3)
    config.log.samples_every = 250
    config.checkpoint.every = 500
    return config

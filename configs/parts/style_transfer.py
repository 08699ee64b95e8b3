"""The blocks of AdaIN style transfer, in place of those of a generator and a discriminator."""

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from gan_jax.configs import base


def get_config() -> ConfigDict:
    """The base for configs of style transfer: the published losses, networks, optimiser and batch."""
    config = base.get_config()
    for block in ("generator", "discriminator", "loss", "latents", "regularizers", "ema", "d_steps", "g_steps"):
        del config[block]
    config.method = ConfigDict({"type": "style_transfer.StyleTransfer", "content_weight": 1.0, "style_weight": 10.0})
    config.encoder = ConfigDict(
        {"type": "vgg19.Encoder", "weights": "vgg19_normalised", "path": placeholder(str), "width": 64}
    )
    config.decoder = ConfigDict({"type": "adain.Decoder", "width": 64})
    rate = {"schedule": "inverse_time", "init_value": 1e-4, "decay_rate": 5e-5}
    config.optim = ConfigDict({"decoder": {"type": "adam", "learning_rate": rate, "b1": 0.9, "b2": 0.999}})
    config.batch_size = 8
    config.data.source = "domains"
    config.log.num_samples = 16
    config.evaluate.recipes = ("swd",)  # between stylized images and styles
    return config

"""CR and LT together on emoji at 32 x 32.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device; minutes on a GPU, an hour or two on 2 CPU cores.
Choices: sigma_eps, lambda, the warm-up, E and its pooling, A's width, D's share: see configs/parts/transform.py.
Command: python -m gan_jax.main --config=configs/cr_lt_emoji.py --workdir=runs/cr_lt_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import sngan_emoji
from gan_jax.configs.parts.consistency import consistency
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = sngan_emoji.get_config()
    consistency(config, max_shift=2)
    latent_transform(config, tap="block2", warm_up=500)
    return config

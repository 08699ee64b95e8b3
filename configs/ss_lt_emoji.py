"""SS and LT together on emoji at 32 x 32.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device; minutes on a GPU, an hour or two on 2 CPU cores.
Choices: sigma_eps, lambda, the warm-up, E and its pooling, A's width, D's share: see configs/parts/transform.py.
Command: python -m gan_jax.main --config=configs/ss_lt_emoji.py --workdir=runs/ss_lt_emoji
"""

from ml_collections import ConfigDict

from gan_jax.configs import ssgan_emoji
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = ssgan_emoji.get_config()
    latent_transform(config, tap="block2", warm_up=500)
    return config

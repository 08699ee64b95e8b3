"""SS and LT together on digits at 16 x 16.

Paper: Patel et al., arXiv:2010.09893; no table of the paper has this data set. Results: docs/results.md.
Meant for: 1 device, a CPU will do.
Settings: sigma_eps and lambda as in docs/results.md, which tells what is wrong with them; the rest is
    choices: E and its pooling, the warm-up, A's width, D's share (configs/parts/transform.py).
Command: python -m gan_jax.main --config=configs/ss_lt_digits.py --workdir=runs/ss_lt_digits
"""

from ml_collections import ConfigDict

from gan_jax.configs import ssgan_digits
from gan_jax.configs.parts.transform import latent_transform


def get_config() -> ConfigDict:
    config = ssgan_digits.get_config()
    latent_transform(config, tap="block2", warm_up=500, sigma_eps=0.1, weight=0.1)
    return config

"""R3GAN with centred logits.

Paper: arXiv:2511.22475, for centring.
Data: points, see configs/parts/toy.py; `gan_jax toys` plays it on all of them.
Meant for: 1 device, a CPU will do.
Command: python -m gan_jax.main --config=configs/toy_centred.py --workdir=runs/toy_centred
"""

from ml_collections import ConfigDict

from gan_jax.configs.parts import toy


def get_config() -> ConfigDict:
    config = toy.game("relativistic")
    toy.penalty(config, r1=0.05, r2=0.05)
    config.regularizers.centring = ConfigDict({"type": "centring.centring", "weight": 0.01})
    return config

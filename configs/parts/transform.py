"""LT-GAN's task (Patel et al., arXiv:2010.09893, section 3), for the configs that set it."""

from ml_collections import ConfigDict


def latent_transform(
    config: ConfigDict,
    tap: str,
    warm_up: int = 0,
    sigma_eps: float = 0.5,
    weight: float = 1.0,
    pool_window: int | None = None,
) -> None:
    """Adds the task to a config and doubles G's batch, as the paper does. tap: the feature E of the discriminator.

    What the copy of the paper at hand does not tell, so that it is a choice here:

    - sigma_eps, lambda (weight) and the warm-up. The sweep that settles them:
      --mode=sweep --sweep=regularizers.latent_transform.sigma_eps=0.1,0.2,0.5,1.0
      --sweep=regularizers.latent_transform.weight_g=0.1,0.5,1.0 --sweep=seed=0,1,2
    - the window of E's average pooling, its stride (here the window) and its padding (here none). For SNDCGAN and for BigGAN
      on ImageNet the paper pools by windows and flattens; for other networks it names no pooling, and without a
      pool_window E is averaged over the whole map.
    - A's width: 256 hidden units.
    - D's share of G(z + eps), 0.5: D's adversarial loss keeps its weight, so that in the mixtures lambda of consistency and
      beta of the rotation task weigh what they do without LT. The paper only says that D learns to call both fake.
    """
    task = {"type": "latent_transform.latent_transform", "weight_g": weight, "sigma_eps": sigma_eps, "tap": tap}
    task |= {"warm_up": warm_up, "hidden": 256, "share_d": 0.5}
    if pool_window is not None:
        task["pool_window"] = pool_window
    config.regularizers.latent_transform = ConfigDict(task)
    config.method.generator_batch_multiple = 2

"""LT-GAN's task (Patel et al., arXiv:2010.09893, section 3), for the configs that set it."""

from ml_collections import ConfigDict


def latent_transform(
    config: ConfigDict, tap: str, warm_up: int = 0, sigma_eps: float = 0.5, weight: float = 1.0
) -> None:
    """Adds the task to a config and doubles G's batch, as the paper does. tap: the feature E of the discriminator.

    The paper's sigma_eps, lambda (weight) and warm-up are not in the copy at hand: the defaults are choices. The sweep
    that settles them: --mode=sweep --sweep=regularizers.latent_transform.sigma_eps=0.1,0.2,0.5,1.0
    --sweep=regularizers.latent_transform.weight_g=0.1,0.5,1.0 --sweep=seed=0,1,2
    """
    task = {"type": "latent_transform.latent_transform", "weight_g": weight, "sigma_eps": sigma_eps, "tap": tap}
    config.regularizers.latent_transform = ConfigDict({**task, "warm_up": warm_up})
    config.method.generator_batch_multiple = 2

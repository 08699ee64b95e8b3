"""Consistency regularisation (Zhang et al., arXiv:1910.12027), for the configs that set it."""

from ml_collections import ConfigDict


def consistency(config: ConfigDict, max_shift: int = 4, mirror: bool = True) -> None:
    """Adds CR on real images: moved by up to `max_shift` pixels and mirrored, lambda 10, as in the paper."""
    task = ConfigDict(
        {"type": "consistency.consistency", "weight_real": 10.0, "max_shift": max_shift, "mirror": mirror}
    )
    config.regularizers.consistency = task

"""One picture of a generator, described in full: seeds, mixing, directions, units. What a page shows, and code draws again."""

from gan_jax.analysis.scenes.scene import Scene, Units
from gan_jax.analysis.scenes.studio import Studio, pixels

__all__ = ["Scene", "Studio", "Units", "pixels"]

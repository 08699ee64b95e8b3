"""From files to batches: sources, preprocessing, batches by number, and their way onto devices."""

from gan_jax.data.batches import Batches
from gan_jax.data.eight_bit import EightBit
from gan_jax.data.in_order import in_order
from gan_jax.data.inspection import Inspection, inspect_source, require_labels
from gan_jax.data.prefetch import Prefetch
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Source
from gan_jax.data.sources import open_source

__all__ = [
    "Batches",
    "EightBit",
    "Inspection",
    "Prefetch",
    "Preprocessing",
    "Source",
    "in_order",
    "inspect_source",
    "open_source",
    "require_labels",
]

"""From files to batches: sources, preprocessing, batches by number, and their way onto devices."""

from gan_jax.data.batches.batches import Batches
from gan_jax.data.batches.in_order import in_order
from gan_jax.data.batches.prefetch import Prefetch
from gan_jax.data.domains import Unpaired, holding, leaves_of
from gan_jax.data.eight_bit import EightBit
from gan_jax.data.fingerprints import changes, fingerprint, is_copy
from gan_jax.data.inspection import Inspection, describe, inspect_source
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.requirements import require_enough, require_keys, require_labels
from gan_jax.data.selection import check_selection, of_classes, with_labels_hidden
from gan_jax.data.source import Source
from gan_jax.data.sources import open_source

__all__ = [
    "Batches",
    "EightBit",
    "Inspection",
    "Prefetch",
    "Preprocessing",
    "Source",
    "Unpaired",
    "changes",
    "check_selection",
    "describe",
    "fingerprint",
    "holding",
    "in_order",
    "inspect_source",
    "is_copy",
    "leaves_of",
    "of_classes",
    "open_source",
    "require_enough",
    "require_keys",
    "require_labels",
    "with_labels_hidden",
]

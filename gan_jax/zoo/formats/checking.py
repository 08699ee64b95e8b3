"""Whether a program that was written draws what its sampler draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gan_jax.zoo.formats.program import ExportError, largest_difference

# Of elements in [-1, 1], by the precision of convolutions and products: other compilers round otherwise.
ALLOWED = {"float32": 1e-3, "bfloat16": 0.05}


@dataclasses.dataclass(frozen=True)
class Example:
    """Elements that the sampler drew, [n, *shape], what the program is called with for them, and how far it may be off."""

    inputs: Mapping[str, np.ndarray]
    wanted: np.ndarray
    allowed: float

    def check(self, what: str, call: Callable[..., Any]) -> dict[str, Any]:
        """Calls what was read back with the whole batch and with its first element alone. -> what was found, as plain data.

        Raises ExportError where an element differs by more than is allowed.
        """
        sizes = sorted({len(self.wanted), 1}, reverse=True)
        made = {n: np.asarray(call(**{name: leaf[:n] for name, leaf in self.inputs.items()})) for n in sizes}
        difference = largest_difference(made, self.wanted)
        if not difference <= self.allowed:  # NaN is none
            raise ExportError(
                f"{what} does not draw what the model draws: elements differ by up to {difference:.3g}, and {self.allowed:g} is"
                " allowed; it is not written"
            )
        return {"batches": sizes, "largest_difference": difference, "allowed": self.allowed}

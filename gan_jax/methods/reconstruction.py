"""Drawing the shape that a picture shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flax import linen, struct

from gan_jax.game import Edit
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.types import Array, Batch


class ViewSampler(struct.PyTreeNode):
    """A `gan_jax.game.Sampler` from pictures: the generator's shape of the mean code of each. A pytree.

    encoder: pictures [n, H, W, C] -> (mean, log variance) [n, Z]. generate: the generator's own sampler.
    """

    encoder: linen.Module = struct.field(pytree_node=False)
    variables: Any
    generate: GeneratorSampler

    @property
    def given(self) -> tuple[str, ...]:
        """Pictures."""
        return ("image",)

    @property
    def target(self) -> str:
        """What a picture shows."""
        return "voxels"

    @property
    def num_classes(self) -> int:
        """None."""
        return 0

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """{"image": [n, H, W, C]}. Raises ValueError where no pictures are given."""
        if given is None:
            raise ValueError("this sampler starts from image of the data, and was given none")
        return {"image": given["image"]}

    def map(self, starts: Batch) -> Batch:
        """The starts, and {"z": [n, Z]}: the mean of the codes that a picture may have."""
        return {**starts, "z": self.encoder.apply(self.variables, starts["image"], train=False)[0]}

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """As the generator's sampler."""
        return self.generate.synthesize({"z": codes["z"]}, taps, edits)

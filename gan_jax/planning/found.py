"""What a plan found: the compiler's figures, those that follow from them by a model of the machine, or what was too large.

The fields' names are the keys of the JSON that a plan is written to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gan_jax.planning.estimate import Roofline
from gan_jax.planning.hlo import Collective
from gan_jax.planning.machines import Kind


@dataclasses.dataclass(frozen=True)
class ByTheCompiler:
    """What the compiler says of one device's program, and what was read in it. None where it does not say."""

    bytes_of_arguments_a_device: int  # state and batch
    bytes_of_temporaries_a_device: int
    bytes_of_program: int
    flops_a_device: float | None
    bytes_accessed_a_device: float | None
    seconds_a_step: float | None  # each operation at its peak
    cycles_a_step: int | None  # of the schedule
    collectives: Mapping[str, Collective]  # by kind
    largest_collectives: list[tuple[str, int, str]]  # kind, bytes, of what
    host_transfers: int
    arrays_of_float64: int

    @property
    def bytes_needed(self) -> int:
        """A device's memory while the program runs."""
        return self.bytes_of_arguments_a_device + self.bytes_of_temporaries_a_device + self.bytes_of_program


@dataclasses.dataclass(frozen=True)
class ByTheModel:
    """What follows from the compiler's figures and the maker's."""

    roofline: Roofline
    memory_a_device: float  # bytes
    bytes_over: float
    fits: bool
    largest_batch: int
    share_of_peak: float  # of the machine's FLOP/s, 0 to 1
    seconds_by_cycles: float | None
    figures_of_the_machine: Kind


@dataclasses.dataclass(frozen=True)
class TooLarge:
    """The compiler gave up: bytes a device that the program needs and that there are, and the batch that would do."""

    needs: float
    has: float
    largest_batch: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """One program on one machine.

    Either `too_large` is there, or `compile_seconds` and `by_the_compiler` are. The model's figures are there where the
    machine's are known (of CPUs they are not), and a rate where the compiler or the model gives a time.
    """

    topology: str
    what: str  # "train", "sample" or "evaluate"
    devices: int
    batch_size: int
    images_a_step: int  # real ones in training, drawn ones else
    parameters: Mapping[str, int]  # by network
    bytes_of_state: int  # a device
    too_large: TooLarge | None = None
    compile_seconds: float | None = None
    by_the_compiler: ByTheCompiler | None = None
    by_the_model: ByTheModel | None = None
    images_a_second: float | None = None
    hours: float | None = None  # of a whole training
    images_a_second_and_host: float | None = None
    shape: tuple[int, ...] | None = None  # of an element, where the run has several phases

    @property
    def fits(self) -> bool:
        """Whether the program fits in the machine's memory, as far as that is known."""
        return self.too_large is None and (self.by_the_model is None or self.by_the_model.fits)

    def as_json(self) -> dict[str, Any]:
        """For `json.dumps`. What is not known has no key, but for `hours`, which is null beside a rate without them."""
        plain = dataclasses.asdict(self)
        known = lambda key, value: value is not None or (key == "hours" and self.images_a_second is not None)
        return {key: value for key, value in plain.items() if known(key, value)}

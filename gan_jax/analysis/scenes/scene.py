"""A scene: all that a picture depends on beside the generator. Plain values: it is JSON, and it is Python code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gan_jax import ranges
from gan_jax.analysis.scenes.mask import checked_mask
from gan_jax.game import check_seed
from gan_jax.game.contract import LARGEST_SEED
from gan_jax.names import nearest, one_of

NOISE = ("new", "fixed", "none")


@dataclasses.dataclass(frozen=True)
class Units:
    """What is done to units, the channels of one layer's activation.

    remove: they are 0. insert: they are at the level given. where: the places at which, of the layer's h x w, as
    `mask.packed` writes them; None: all. Elsewhere the activation stays itself.
    """

    remove: tuple[int, ...] = ()
    insert: Mapping[int, float] = dataclasses.field(default_factory=dict)
    where: str | None = None

    def __post_init__(self):
        _list_of("remove", self.remove)
        ranges.wholes("remove", tuple(self.remove), 0)
        object.__setattr__(self, "remove", tuple(self.remove))
        _mapping("insert", self.insert)
        insert = {_unit(unit): level for unit, level in self.insert.items()}
        for unit, level in insert.items():
            ranges.finite(f"insert[{unit}]", level)
        object.__setattr__(self, "insert", insert)
        if both := set(self.remove) & set(insert):
            raise ValueError(f"unit {min(both)} is removed or inserted, not both")
        if self.where is not None:
            checked_mask(self.where)


@dataclasses.dataclass(frozen=True)
class Scene:
    """A picture. Element `index` of the sample of `seed` is the first image, the one that `gan_jax sample` draws there.

    truncation: psi of codes w, or the threshold of latents; None: none. label: a class; None: the one that was drawn.
    noise: "new", each image's own; "fixed", that of image 0; "none".
    other: (seed, index) of the second image. between: from 0, the first, to 1, the second: w straight on, z along the
    sphere; label and noise stay the first's. mixed: the layers of w that are the second image's.
    directions: amounts by name. layers: by layer, what is done to its units.
    Raises ValueError for what no generator could draw; the rest is checked by who draws it, `studio.Studio`.
    """

    seed: int = 0
    index: int = 0
    truncation: float | None = None
    label: int | None = None
    noise: str = "new"
    other: tuple[int, int] | None = None
    between: float = 0.0
    mixed: tuple[int, ...] = ()
    directions: Mapping[str, float] = dataclasses.field(default_factory=dict)
    layers: Mapping[str, Units] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        check_seed(self.seed)
        ranges.whole("index", self.index, 0, LARGEST_SEED)
        if self.truncation is not None:
            ranges.finite("truncation", self.truncation)
        if self.label is not None:
            ranges.whole("label", self.label, 0)
        one_of(self.noise, NOISE, "noise")
        if self.other is not None:
            _list_of("other", self.other)
            if len(self.other) != 2:
                raise ValueError(f"other is the seed and the index of the second image, got {list(self.other)}")
            check_seed(self.other[0])
            ranges.whole("other's index", self.other[1], 0, LARGEST_SEED)
            object.__setattr__(self, "other", tuple(self.other))
        ranges.within("between", self.between, 0, 1)
        _list_of("mixed", self.mixed)
        ranges.wholes("mixed", tuple(self.mixed), 0)
        object.__setattr__(self, "mixed", tuple(sorted(set(self.mixed))))
        _mapping("directions", self.directions)
        for name, amount in self.directions.items():
            ranges.finite(f"the amount of {name}", amount)
        _mapping("layers", self.layers)
        if self.other is None and (self.between or self.mixed):
            raise ValueError("between and mixed are of two images: say which the other one is")

    @classmethod
    def of(cls, values: Any) -> Scene:
        """A scene from JSON: {"seed": 3, "layers": {"block1": {"remove": [4]}}}. Raises ValueError, which says what is wrong."""
        values = dict(_known(cls, values, "a scene"))
        if "layers" in values:
            _mapping("layers", values["layers"])
            values["layers"] = {
                name: Units(**_known(Units, units, f"layer {name}")) for name, units in values["layers"].items()
            }
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """What `of` reads: what differs from a plain scene."""
        values = _differing(self)
        if "layers" in values:
            values["layers"] = {name: _differing(units) for name, units in self.layers.items()}
        return values

    def as_code(self) -> str:
        """The call that makes it, without what is as in a plain scene."""
        return _call(self)


def _differing(of: Any) -> dict[str, Any]:
    plain = type(of)()
    fields = [field.name for field in dataclasses.fields(of)]
    return {name: getattr(of, name) for name in fields if getattr(of, name) != getattr(plain, name)}


def _call(of: Any) -> str:
    """Scene(seed=3), a line for each layer."""
    parts = []
    for name, value in _differing(of).items():
        if name == "layers":
            lines = "".join(f"        {layer!r}: {_call(units)},\n" for layer, units in value.items())
            parts.append(f"layers={{\n{lines}    }}")
        else:
            parts.append(f"{name}={value!r}")
    text = f"{type(of).__name__}({', '.join(parts)})"
    if isinstance(of, Units) or len(text) < 100:
        return text
    return f"{type(of).__name__}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _known(kind: type, values: Any, what: str) -> Mapping[str, Any]:
    _mapping(what, values)
    names = [field.name for field in dataclasses.fields(kind)]
    for name in values:
        if name not in names:
            raise ValueError(f"{what} has no {name!r}{nearest(name, names)}; it has {', '.join(names)}")
    return values


def _mapping(what: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is given by names and values, got {value!r}")


def _list_of(what: str, value: Any) -> None:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{what} must be a row of whole numbers, such as [1, 2], got {value!r}")


def _unit(name: Any) -> int:
    """JSON knows texts alone as names."""
    if isinstance(name, str) and name.isdecimal() and len(name) < 10:
        return int(name)
    ranges.whole("a unit to insert", name, 0)
    return int(name)

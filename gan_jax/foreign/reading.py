"""A PyTorch network's state dict, read layer by layer into the variables of a module of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, traverse_util

from gan_jax.foreign.state_dict import StateDict
from gan_jax.types import PyTree

_LISTED = 3  # of the differences in an error message
_COLLECTIONS = ("params", "batch_stats", "spectral")


class Imported(NamedTuple):
    """A network of another project's, as one of ours."""

    settings: Mapping[str, Any]  # of its config block: {"type": "sngan.Generator", ...}
    image_shape: tuple[int, int, int]
    num_classes: int  # 0: unconditional
    variables: PyTree  # {"params", "batch_stats", "spectral"}, each where the network has it
    latent_dim: int | None = None  # of a generator
    heads: Mapping[str, PyTree] = {}  # variables of the heads that regularisers bring, by the head's name


class Reading:
    """Reads a state dict into the variables of a module, whose shapes say what each entry must be.

    network: what the state should be, for errors. First `shape`, `count` and `has` tell which module it is, then `begin`
    names it, then each method reads one layer: `ours` is its path in our variables, `theirs` the prefix of its names.
    Last, `variables` hands out the result, if all of it was there and nothing is left.
    """

    statistics = ("running_mean", "running_var")
    unused: tuple[str, ...] = (".num_batches_tracked",)

    def __init__(self, state: StateDict, network: str):
        self.network = network
        self._state = {name: array for name, array in state.items() if not name.endswith(self.unused)}
        self._left = set(self._state)
        self._wrong: dict[str, str] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._made: dict[str, np.ndarray] = {}

    # --- what the state says of its network

    def has(self, name: str) -> bool:
        return name in self._state

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """Of an entry that must be there, with so many axes."""
        if name not in self._state:
            self.refuse([f"{name} is missing"])
        if (shape := self._state[name].shape) and len(shape) == rank:
            return shape
        self.refuse([f"{name} is {shape}, which is not {rank} axes"])

    def count(self, name: str, first: int = 0) -> int:
        """How many entries there are of a name with a number in it, such as "block{}.c1.weight"."""
        number = first
        while self.has(name.format(number)):
            number += 1
        return number - first

    # --- layers

    def begin(self, module: linen.Module, *inputs: Any) -> None:
        """Says which module the layers are to be read into."""
        made = jax.eval_shape(lambda: module.init(jax.random.key(0), *inputs))
        kept = {name: made[name] for name in _COLLECTIONS if name in made}
        self._shapes = {name: leaf.shape for name, leaf in traverse_util.flatten_dict(kept, sep="/").items()}
        self._left, self._wrong, self._made = set(self._state), {}, {}

    def knows(self, ours: str) -> bool:
        """Whether our module has such a layer."""
        return any(name.startswith(f"params/{ours}") for name in self._shapes)

    def conv(self, ours: str, theirs: str) -> None:
        """[O, I, *window] -> [*window, I, O]. The matrix that PyTorch normalises has its rows in the order I, window."""
        *window, inputs, outputs = self._of(ours, "kernel")
        places = np.arange(inputs * int(np.prod(window))).reshape(inputs, -1).T.reshape(-1)
        self._weight(ours, "kernel", theirs, (outputs, inputs, *window), rows=places)
        self._bias(ours, theirs)

    def dense(self, ours: str, theirs: str, rows: np.ndarray | None = None, map_shape: tuple = ()) -> None:
        """[O, I] -> [I, O]. rows: the order of its inputs. map_shape: [h, w, C], where its outputs are [C, h, w]."""
        inputs, outputs = self._of(ours, "kernel")
        columns = None
        if map_shape:
            height, width, channels = map_shape
            columns = np.arange(outputs).reshape(channels, height, width).transpose(1, 2, 0).reshape(-1)
        self._weight(ours, "kernel", theirs, (outputs, inputs), rows, columns)
        self._bias(ours, theirs, columns)

    def embed(self, ours: str, theirs: str, transposed: bool = False) -> None:
        """[classes, F]; transposed: [F, classes], a linear layer on one-hot classes."""
        shape = self._of(ours, "embedding")
        self._weight(ours, "embedding", theirs, shape[::-1] if transposed else shape, flipped=not transposed)

    def array(
        self,
        ours: str,
        theirs: str,
        shape: tuple[int, ...] | None = None,
        plus: float | np.ndarray = 0.0,
        times: float = 1.0,
    ) -> None:
        """A parameter as it is, times a number, and a number more. shape: theirs, where it is written otherwise."""
        wanted = self.shape_of(ours)
        values = self.take(theirs, wanted if shape is None else shape).reshape(wanted)
        self._put("params", ours, values * times + plus)

    def put(self, ours: str, values: np.ndarray | float) -> None:
        """A parameter that was computed, of its shape here or one number for all."""
        self._put("params", ours, np.broadcast_to(values, self.shape_of(ours)))

    def shape_of(self, ours: str) -> tuple[int, ...]:
        """Of a parameter of our module."""
        return self._shapes[f"params/{ours}"]

    def halves(self, ours: tuple[str, str], theirs: str) -> None:
        """Two tables [n, C] that stand side by side in one of theirs [n, 2 C]."""
        rows, columns = self._shapes[f"params/{ours[0]}"]
        for name, part in zip(ours, np.split(self.take(theirs, (rows, 2 * columns)), 2, axis=1), strict=True):
            self._put("params", name, part)

    def moments(self, ours: str, theirs: str, row: int | None = None) -> None:
        """Running mean and variance, [C], or row `row` of a table of them [n, C]."""
        for name, part in zip(self.statistics, ("mean", "variance"), strict=True):
            (channels,) = self._shapes[f"batch_stats/{ours}/{part}"]
            if row is None:
                values = self.take(f"{theirs}.{name}", (channels,))
            else:
                rows = self.shape(f"{theirs}.{name}", 2)[0]
                values = self.take(f"{theirs}.{name}", (rows, channels))[row]
            self._put("batch_stats", f"{ours}/{part}", values)

    def variables(self) -> PyTree:
        """Raises ValueError, with the first differences, unless all was there, of the right shape, and nothing is left."""
        wrong = [*self._wrong.values(), *(f"{name} is not known" for name in sorted(self._left))]
        wrong += [f"{name} of ours is not in it" for name in self._shapes if name not in self._made]
        if wrong:
            self.refuse(wrong)
        return traverse_util.unflatten_dict(self._made, sep="/")

    def take(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """An entry of the state; zeros for one that is missing or of another shape, which `variables` will tell."""
        return self._state[name] if self.shape_fits(name, shape) else np.zeros(shape, np.float32)

    def shape_fits(self, name: str, shape: tuple[int, ...]) -> bool:
        """Whether an entry is there and of that shape; if not, `variables` will tell. The entry counts as known."""
        self._left.discard(name)
        if name not in self._state:
            self._wrong[name] = f"{name} is missing"
        elif self._state[name].shape != tuple(shape):
            self._wrong[name] = f"{name} is {self._state[name].shape}, not {tuple(shape)}"
        else:
            return True
        return False

    # --- one weight, as torch.nn.utils.spectral_norm has it

    def normalized_weight(self, theirs: str) -> str:
        """The name of a normalised weight."""
        return f"{theirs}.weight_orig"

    def singular_vectors(self, theirs: str, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(u, v) of a normalised weight [M, N] as PyTorch sees it: M and N numbers."""
        return tuple(
            self.take(f"{theirs}.weight_{part}", (size,)) for part, size in zip("uv", matrix.shape, strict=True)
        )

    def _weight(self, ours, leaf, theirs, shape, rows=None, columns=None, flipped=False) -> None:
        normalized = f"spectral/{ours}/{leaf}/u".replace("//", "/") in self._shapes
        name = self.normalized_weight(theirs) if normalized else f"{theirs}.weight"
        matrix = self.take(name, shape).reshape(shape[0], -1)
        if not flipped:  # a table of classes is written as we have it; other weights as [outputs, inputs]
            matrix = matrix.T
        order = lambda x, axis, places: x if places is None else np.take(x, places, axis)
        ordered = order(order(matrix, 0, rows), 1, columns)
        self._put("params", f"{ours}/{leaf}", np.ascontiguousarray(ordered).reshape(self._of(ours, leaf)))
        if normalized:
            u, v = self.singular_vectors(theirs, matrix if flipped else matrix.T)
            u, v = (v, u) if flipped else (u, v)  # ours: v runs along the rows, u along the columns
            self._put("spectral", f"{ours}/{leaf}/u", order(u, 0, columns))
            self._put("spectral", f"{ours}/{leaf}/v", order(v, 0, rows))

    def _bias(self, ours: str, theirs: str, columns: np.ndarray | None = None) -> None:
        if (shape := self._shapes.get(f"params/{ours}/bias".replace("//", "/"))) is not None:
            bias = self.take(f"{theirs}.bias", shape)
            self._put("params", f"{ours}/bias", bias if columns is None else bias[columns])

    def _of(self, ours: str, leaf: str) -> tuple[int, ...]:
        return self._shapes[f"params/{ours}/{leaf}".replace("//", "/")]

    def _put(self, collection: str, name: str, values: np.ndarray) -> None:
        self._made[f"{collection}/{name}".replace("//", "/")] = np.asarray(values, np.float32)

    def refuse(self, wrong: list[str]) -> NoReturn:
        """Raises ValueError with the first of these differences."""
        listed = "; ".join(wrong[:_LISTED])
        raise ValueError(
            f"these are not the weights of {self.network}: {len(wrong)} entries differ, the first are: {listed}"
        )


def next_singular_vectors(matrix: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(u [M], v [N]) of a matrix [M, N] after one more step of power iteration from u [M]: where u alone is kept."""
    unit = lambda x: x / max(np.linalg.norm(x), 1e-12)
    v = unit(u.astype(np.float64) @ matrix)
    return unit(matrix @ v), v


def example(shape: tuple[int, ...], num_classes: int) -> tuple[Any, Any]:
    """Inputs of a network by their shapes: two latents or images, and their classes where it has some."""
    label = jnp.zeros(2, jnp.int32) if num_classes else None
    return jnp.zeros((2, *shape)), label

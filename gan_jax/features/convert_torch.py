"""Weights of PyTorch's networks as variables of ours. Only `read_state_dict` needs PyTorch."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.features import inception, vgg
from gan_jax.features.lpips import HEADS
from gan_jax.features.torch_file import load_torch, tensors_by_name
from gan_jax.types import PyTree

StateDict = Mapping[str, np.ndarray]

_BATCH_NORM = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
_LISTED = 3  # of the differences in an error message


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def read_state_dict(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a .pth file by name. PyTorch reads nothing but tensors from it. Raises ImportError without PyTorch."""
    return tensors_by_name(load_torch(path), path)


def convert_inception(state: StateDict) -> PyTree:
    """torch-fidelity's Inception -> variables for `inception`."""
    kernels = dict(inception.units())
    shapes = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for name, (*window, inputs, outputs) in kernels.items():
        shapes[f"{name}.conv.weight"] = (outputs, inputs, *window)
        shapes |= {f"{name}.bn.{theirs}": (outputs,) for theirs in _BATCH_NORM}
    state = _checked(state, shapes, "the Inception network of 2015-12-05", unused=(".num_batches_tracked",))
    params, stats = {"fc": {"kernel": _dense(state["fc.weight"]), "bias": state["fc.bias"]}}, {}
    for name in kernels:
        norm = {ours: state[f"{name}.bn.{theirs}"] for theirs, ours in _BATCH_NORM.items()}
        params[name] = {"kernel": _conv(state[f"{name}.conv.weight"]), "scale": norm["scale"], "bias": norm["bias"]}
        stats[name] = {"mean": norm["mean"], "var": norm["var"]}
    return {"params": params, "batch_stats": stats}


def convert_vgg16(state: StateDict) -> PyTree:
    """torchvision's VGG-16 -> variables for `vgg16` and `lpips_distance`. Its last layer, the classes, is left out."""
    kernels = vgg.layers()
    theirs = dict(
        zip(
            kernels,
            [f"features.{i}" for i in _places([*map(len, vgg.WIDTHS)], after=2)] + ["classifier.0", "classifier.3"],
            strict=True,
        )
    )
    shapes = {}
    for name, shape in kernels.items():
        *window, inputs, outputs = shape
        shapes |= {f"{theirs[name]}.weight": (outputs, inputs, *window), f"{theirs[name]}.bias": (outputs,)}
    state = _checked(state, shapes, "VGG-16", unused=("classifier.6.weight", "classifier.6.bias"))
    params = {}
    for name, shape in kernels.items():
        weight = state[f"{theirs[name]}.weight"]
        if name == "fc1":  # PyTorch flattens [channels, 7, 7], we flatten [7, 7, channels]
            weight = weight.reshape(len(weight), -1, 7, 7).transpose(0, 2, 3, 1).reshape(len(weight), -1)
        params[name] = {"kernel": (_conv if len(shape) == 4 else _dense)(weight), "bias": state[f"{theirs[name]}.bias"]}
    return {"params": params}


def convert_vgg19(state: StateDict) -> PyTree:
    """torchvision's VGG-19 -> variables for `vgg19.Encoder`, all 16 convolutions; the dense layers are left out.

    What torchvision does to colours beforehand is the first, 1 x 1 convolution.
    """
    dense = tuple(f"classifier.{i}.{kind}" for i in (0, 3, 6) for kind in ("weight", "bias"))
    places = [f"features.{place}" for place in _places(vgg.VGG19_DEPTHS, after=2)]
    colour = {
        "kernel": np.diag(1 / vgg.DEVIATION).astype(np.float32).reshape(1, 1, 3, 3),
        "bias": -vgg.MEAN / vgg.DEVIATION,
    }
    return {"params": {"colour": colour, **_vgg19(state, places, "VGG-19", dense)}}


def convert_vgg19_normalised(state: StateDict) -> PyTree:
    """The normalised VGG-19 of AdaIN's PyTorch port (vgg_normalised.pth) -> variables for `vgg19.Encoder`."""
    places = [
        str(place + 2) for place in _places(vgg.VGG19_DEPTHS, after=3)
    ]  # each convolution has a padding layer before it
    shapes = {"0.weight": (3, 3, 1, 1), "0.bias": (3,)}
    first = {name: array for name, array in state.items() if name in shapes}
    first = _checked(first, shapes, "the normalised VGG-19")
    colour = {"kernel": _conv(first["0.weight"]), "bias": first["0.bias"]}
    rest = {name: array for name, array in state.items() if name not in shapes}
    return {"params": {"colour": colour, **_vgg19(rest, places, "the normalised VGG-19")}}


def convert_lpips_heads(state: StateDict) -> PyTree:
    """The heads of LPIPS on VGG-16, as its authors and torch-fidelity store them -> {"heads": {tap: [F]}}."""
    theirs = {tap: f"lin{index}.model.1.weight" for index, tap in enumerate(HEADS)}
    state = _checked(state, {theirs[tap]: (1, width, 1, 1) for tap, width in HEADS.items()}, "LPIPS on VGG-16")
    return {"heads": {tap: state[theirs[tap]].reshape(-1) for tap in HEADS}}


def _places(depths: Sequence[int], after: int) -> list[int]:
    """The places of the convolutions in PyTorch's list, one in every `after` layers (2: each is followed by its ReLU; 3: by
    the padding of the next too). Each block ends with a pool."""
    places, at = [], 0
    for depth in depths:
        places += [at + after * index for index in range(depth)]
        at += after * depth + 1
    return places


def _vgg19(state: StateDict, places: Sequence[str], network: str, unused: tuple[str, ...] = ()) -> dict[str, PyTree]:
    """conv1_1 ... conv5_4 of a state dict that has them at these places; their width is the first one's."""
    depths = enumerate(vgg.VGG19_DEPTHS)
    ours = [(f"conv{block + 1}_{index + 1}", block) for block, depth in depths for index in range(depth)]
    width = len(state.get(f"{places[0]}.weight", np.zeros(64)))
    shapes, inputs = {}, 3
    for (_, block), place in zip(ours, places, strict=True):
        outputs = width * 2 ** min(block, 3)
        shapes |= {f"{place}.weight": (outputs, inputs, 3, 3), f"{place}.bias": (outputs,)}
        inputs = outputs
    state = _checked(state, shapes, network, unused)
    layer = lambda place: {"kernel": _conv(state[f"{place}.weight"]), "bias": state[f"{place}.bias"]}
    return {name: layer(place) for (name, _), place in zip(ours, places, strict=True)}


def _conv(weight: np.ndarray) -> np.ndarray:
    """[O, I, *window] -> [*window, I, O]."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def _dense(weight: np.ndarray) -> np.ndarray:
    """[O, I] -> [I, O]."""
    return np.ascontiguousarray(weight.T)


def _checked(state: StateDict, shapes: Mapping[str, tuple], network: str, unused: tuple[str, ...] = ()) -> StateDict:
    """The state without what ends as one of `unused`. Raises ValueError unless it is complete, and every shape fits."""
    state = {name: array for name, array in state.items() if not name.endswith(unused)} if unused else dict(state)
    wrong = [f"{name} is missing" for name in shapes if name not in state]
    wrong += [f"{name} is not known" for name in state if name not in shapes]
    for name in shapes.keys() & state.keys():
        if state[name].shape != shapes[name]:
            wrong.append(f"{name} is {state[name].shape}, not {shapes[name]}")
    if wrong:
        listed = "; ".join(sorted(wrong)[:_LISTED])
        raise ValueError(
            f"these are not the weights of {network}: {len(wrong)} entries differ, the first are: {listed}"
        )
    return state

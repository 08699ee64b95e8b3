"""Where the PyTorch games compute, PyTorch's default device, and in what precision."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn


def to_torch(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.array(values))).to(torch.get_default_device())


def to_numpy(values: torch.Tensor) -> np.ndarray:
    return values.cpu().numpy()


def runner(network: nn.Module, compile: bool, bfloat16: bool) -> Callable:
    """The network as a function: compiled or not, its products in bfloat16 or not, its results in float32."""
    run = torch.compile(network) if compile else network
    if not bfloat16:
        return run

    def in_bfloat16(*args: Any) -> Any:
        with torch.autocast(torch.get_default_device().type, torch.bfloat16):
            found = run(*args)
        return tuple(each.float() for each in found) if isinstance(found, tuple) else found.float()

    return in_bfloat16


def use(gpu: bool, threads: int) -> None:
    """Sets the default device, and on a GPU what makes float32 fast there: TF32, and convolutions chosen by trial."""
    torch.set_num_threads(threads)
    if gpu:
        torch.set_default_device("cuda")
        torch.backends.cudnn.benchmark = True
        _set_float32("high", True)


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    """Without TF32, to compare two libraries' results."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    _set_float32("highest", False)
    try:
        yield
    finally:
        _set_float32(*before)


def wait() -> None:
    """Until the device is done."""
    if torch.get_default_device().type == "cuda":
        torch.cuda.synchronize()


def _set_float32(products: str, convolutions_in_tf32: bool) -> None:
    torch.set_float32_matmul_precision(products)
    torch.backends.cudnn.allow_tf32 = convolutions_in_tf32

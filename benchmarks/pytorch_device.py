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
        _allow_tf32(True)


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    """Without TF32, to compare two libraries' results."""
    allowed = torch.backends.cudnn.allow_tf32
    _allow_tf32(False)
    yield
    _allow_tf32(allowed)


def wait() -> None:
    """Until the device is done."""
    if torch.get_default_device().type == "cuda":
        torch.cuda.synchronize()


def _allow_tf32(allowed: bool) -> None:
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    torch.backends.cudnn.allow_tf32 = allowed

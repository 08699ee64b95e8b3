"""`jax.jit` for programs full of convolutions: on CPUs it asks XLA for its faster library.

XLA:CPU hands convolutions to YNNPACK (as of jaxlib 0.10), which takes one core for windows of 2 x 2 and long for
strided ones and for large images, and slow at kernel gradients; through Eigen, on x86 with oneDNN, they take 0.3 to 1.0
times as long (docs/performance.md; other processors were not measured). Dot products and sums stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax

_LIBRARY = "LIBRARY_FUSION_TYPE_"
_ON_CPUS = {"xla_cpu_experimental_ynn_fusion_type": f"{_LIBRARY}INDIVIDUAL_DOT,{_LIBRARY}REDUCE"}


@functools.cache
def compiler_options() -> dict[str, str]:
    """`compiler_options` for `jax.jit` and `Lowered.compile` on the default backend.

    Empty on GPUs and TPUs, and where this XLA has no such option.
    """
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=_ON_CPUS).lower().compile()
    except jax.errors.JaxRuntimeError:  # no such option, or no such value of it
        return {}
    return dict(_ON_CPUS)


@functools.cache
def quick_options() -> dict[str, Any]:
    """`compiler_options` for a program that takes longer to compile than it ever runs, such as a state's first numbers.

    On CPUs XLA leaves its code as it is, in half the time (docs/performance.md); the last bits of results may differ.
    """
    return {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else {}


def compiled(function: Callable, quick: bool = False, **options: Any) -> Any:
    """`jax.jit(function, **options)` with `compiler_options` or, if `quick`, `quick_options`.

    It asks for the backend when first called.
    """

    @functools.cache
    def program() -> Any:
        return jax.jit(function, compiler_options=quick_options() if quick else compiler_options(), **options)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return program()(*args, **kwargs)

    return call

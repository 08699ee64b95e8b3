"""Generative adversarial networks in JAX: pure functions that compose.

What a notebook needs is here, and imported when it is first asked for: `gan_jax.load_config`, `gan_jax.Training`,
`gan_jax.load`, `gan_jax.load_sampler`, `gan_jax.own_generator`, `gan_jax.draw`, `gan_jax.evaluate_run`,
`gan_jax.evaluate_images`.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_jax.analysis.own.generator import own_generator
    from gan_jax.run.drawing import draw
    from gan_jax.run.training import Training
    from gan_jax.setup.config_files import load_config
    from gan_jax.verbs.evaluate import evaluate_images, evaluate_run
    from gan_jax.verbs.sample import load_sampler
    from gan_jax.zoo.model import load

__version__ = "0.2.0"
__all__ = [
    "Training",
    "draw",
    "evaluate_images",
    "evaluate_run",
    "load",
    "load_config",
    "load_sampler",
    "own_generator",
]
_HOMES = {
    "Training": "gan_jax.run.training",
    "draw": "gan_jax.run.drawing",
    "evaluate_images": "gan_jax.verbs.evaluate",
    "evaluate_run": "gan_jax.verbs.evaluate",
    "load": "gan_jax.zoo.model",
    "load_config": "gan_jax.setup.config_files",
    "load_sampler": "gan_jax.verbs.sample",
    "own_generator": "gan_jax.analysis.own.generator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gan_jax' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _find_configs() -> None:
    """Makes gan_jax.configs importable in a checkout, where its folder stands beside the package instead of in it."""
    beside = Path(__file__).resolve().parent.parent / "configs"
    if (Path(__file__).parent / "configs").is_dir() or not (beside / "__init__.py").is_file():
        return  # an installed wheel holds it
    spec = importlib.util.spec_from_file_location(
        "gan_jax.configs", beside / "__init__.py", submodule_search_locations=[str(beside)]
    )
    if spec is not None and spec.loader is not None:
        sys.modules[spec.name] = globals()["configs"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


_find_configs()

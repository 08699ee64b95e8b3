"""Data sets by name. Each module here is one source; its class has the module's name, each word capitalised."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from gan_jax.data.domains import Unpaired
from gan_jax.data.source import Source
from gan_jax.names import nearest, one_of


def known_sources() -> tuple[str, ...]:
    """The names that `open_source` takes: the modules of this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def source_settings(source: str) -> tuple[str, ...]:
    """The settings that a source takes by name, in the order of its signature."""
    return tuple(name for name, parameter in _parameters(source).items() if parameter.kind != parameter.VAR_KEYWORD)


def open_source(source: str, **settings: object) -> Source | Unpaired:
    """Opens a data set.

    Args:
        source: the name of a module in this package, e.g. "folder"; "domains" opens one for each domain.
        **settings: keyword arguments of that module's class. None means not set.

    Raises:
        ValueError: no such source, or a setting that is not None and that the source does not take.
        Other errors come from the source: missing files, unknown splits.
    """
    opened, parameters, known = _class_of(source), _parameters(source), source_settings(source)
    given = {key: value for key, value in settings.items() if value is not None}
    takes_others = len(known) < len(parameters)
    for key, value in given.items():
        if key not in known and not takes_others:
            raise ValueError(
                f"data source {source!r} takes no setting {key!r} (given: {value!r}){nearest(key, known)}."
                f" It takes: {', '.join(known) or 'none'}. Remove the setting or choose another source."
            )
    missing = [key for key in known if parameters[key].default is inspect.Parameter.empty and key not in given]
    if missing:
        raise ValueError(f"data source {source!r} needs the setting {missing[0]!r}. It takes: {', '.join(known)}.")
    return opened(**given)


def _parameters(source: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_class_of(source)).parameters


def _class_of(source: str) -> type:
    one_of(source, known_sources(), "data source")
    module = importlib.import_module(f"{__name__}.{source}")
    return getattr(module, "".join(word.capitalize() for word in source.split("_")))

"""--config=NAME and --config.KEY=VALUE: a config, and single settings of it changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from absl import flags as absl_flags
from absl.flags import FlagValues
from ml_collections import ConfigDict

from gan_jax.command.errors import UsageError
from gan_jax.setup.changes import change, flat, names
from gan_jax.setup.config_files import ConfigError, load_config

OVERRIDES = "config.overrides"  # a flag that nobody can type: it would be an override itself
_OVERRIDE = re.compile(r"--?(no)?config\.([^=]+)(=.*)?", re.DOTALL)


class Override(NamedTuple):
    """A setting of the config, and what was typed for it."""

    key: str
    text: str


def add_config(values: FlagValues, argv: Sequence[str], alone: bool = False) -> list[str]:
    """Adds the flags "config", the config that argv names with its overrides, or None, and "config.overrides", the list.

    alone: whether overrides may stand without --config. -> argv without all of them. Raises UsageError for overrides of
    keys that the config does not have, or without a config; ConfigError for a config that is not there.
    """
    name, rest = _taken(argv)
    config = None if name is None else load_config(name)
    overrides, rest = _overrides(rest, config)
    if overrides and config is None and not alone:
        raise UsageError(
            f"--config.{overrides[0].key} changes a setting of a config: name it too, as --config=ssgan_digits"
        )
    if config is not None:
        apply(config, overrides, Path(str(name)).stem)
    absl_flags.DEFINE_string("config", None, "", flag_values=values)
    absl_flags.DEFINE_string(OVERRIDES, None, "", flag_values=values)
    values["config"].value, values[OVERRIDES].value = config, overrides
    return [argv[0], *rest]


def apply(config: ConfigDict, overrides: Sequence[Override], name: str) -> None:
    """Changes a config as was typed. name: its own. Raises UsageError for what cannot be."""
    new = [each for each in overrides if not names(config, each.key)]
    try:
        for each in overrides:
            change(config, each.key, each.text, name)
    except ConfigError as error:
        raise UsageError(f"--config.{error}") from None
    if new:  # what a block describes says whether it takes the setting
        from gan_jax.setup.setup import Setup  # imported here: it brings JAX

        try:
            Setup.of(config)
        except ConfigError as error:
            raise UsageError(f"{name} with --config.{new[0].key}={new[0].text}: {error}") from error


def keys_of(config: ConfigDict | None, name: str) -> list[str]:
    """The dotted keys of a config whose last part is that name, the shortest first."""
    if config is None:
        return []
    keys = [key for key, _ in flat(config) if key.rpartition(".")[2] == name]
    return sorted(keys, key=lambda key: key.count("."))


def _taken(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of --config, and the words after argv[0] that are not it."""
    names, rest = [], []
    words = iter(argv[1:])
    for word in words:
        flag, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif flag not in ("--config", "-config"):
            rest.append(word)
        else:
            names.append(value if equals else next(words, ""))
            if not names[-1]:
                raise UsageError(
                    "--config needs a name or a file, such as --config=ssgan_digits; gan_jax configs lists all"
                )
    if len(set(names)) > 1:
        raise UsageError(f"--config is given twice, as {' and '.join(names)}")
    return (names[0] if names else None), rest


def _overrides(words: Sequence[str], config: ConfigDict | None) -> tuple[list[Override], list[str]]:
    """The overrides among words, and the other words. Of one that is given twice the later counts, but of tuples."""
    kinds = {} if config is None else dict(flat(config))
    found: dict[str, str] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        match = _OVERRIDE.fullmatch(word)
        if word == "--":
            rest += [word, *left]
            continue
        if match is None:
            rest.append(word)
            continue
        no, key, value = match.groups()
        switch = isinstance(kinds.get(key), bool)
        if no and (value or (kinds and key in kinds and not switch)):
            raise UsageError(f"{word}: only what is true or false is turned off so; write --config.{key}=VALUE")
        text = "false" if no else value[1:] if value else "true" if switch else next(left, None) if kinds else None
        if text is None:
            raise UsageError(f"--config.{key} needs a value: --config.{key}=VALUE")
        if key in found and isinstance(kinds.get(key), tuple):
            both = f"{found[key]},{text}"
            raise UsageError(f"--config.{key} is given twice: name all of it once, as --config.{key}={both}")
        found.pop(key, None)
        found[key] = text
    for key in found:
        if inside := next((other for other in found if other.startswith(f"{key}.")), None):
            raise UsageError(f"--config.{inside} changes a part of --config.{key}, which is given too: leave one out")
    return [Override(*each) for each in found.items()], rest

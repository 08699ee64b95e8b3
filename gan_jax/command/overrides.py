"""--config=NAME and --config.KEY=VALUE: a config, and single settings of it changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from absl import flags as absl_flags
from absl.flags import FlagValues
from ml_collections import ConfigDict, config_flags

from gan_jax.command.errors import UsageError
from gan_jax.names import nearest
from gan_jax.setup.config_files import load_config

_OVERRIDE = re.compile(r"-{1,2}(?:no)?config\.([^=]+)")


def add_config(values: FlagValues, argv: Sequence[str]) -> list[str]:
    """Adds the flag "config" to values, with the config that argv names, or None. -> argv without --config.

    Its overrides stay in argv, as flags that values know from then on. Raises UsageError for overrides of keys that the
    config does not have, or without a config; ConfigError for a config that is not there.
    """
    name, rest = _taken(argv)
    overrides = [match[1] for word in _flags_of(rest) if (match := _OVERRIDE.match(word))]
    config = None
    if name is not None:
        config = load_config(name)
        for key in overrides:
            _check(key, config)
    elif overrides:
        raise UsageError(
            f"--config.{overrides[0]} changes a setting of a config: name it too, as --config=ssgan_digits"
        )
    rest = [argv[0], *rest]
    if config is None:
        absl_flags.DEFINE_string("config", None, "", flag_values=values)
    else:
        config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=rest)
    return rest


def keys_of(config: ConfigDict | None, name: str) -> list[str]:
    """The dotted keys of a config whose last part is that name, the shortest first."""
    if config is None:
        return []
    keys = [key for key, _ in _flat(config) if key.rpartition(".")[2] == name]
    return sorted(keys, key=lambda key: key.count("."))


def _taken(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of --config, and the words after argv[0] that are not it."""
    name, rest = None, []
    words = iter(argv[1:])
    for word in words:
        flag, equals, value = word.partition("=")
        if word == "--":
            return name, [*rest, word, *words]
        if flag not in ("--config", "-config"):
            rest.append(word)
            continue
        name = value if equals else next(words, "")
        if not name:
            raise UsageError(
                "--config needs a name or a file, such as --config=ssgan_digits; gan_jax configs lists all"
            )
    return name, rest


def _flags_of(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word == "--":
            return
        yield word


def _check(key: str, config: ConfigDict) -> None:
    """Raises UsageError where the config has no such dotted key."""
    block: Any = config
    path: list[str] = []
    for name in re.sub(r"\[\d+\]", "", key).split("."):
        where = "config." + ".".join(path) if path else "the config"
        if not isinstance(block, ConfigDict):
            raise UsageError(f"--config.{key}: {where} is one value, {block!r}, and has no keys")
        if name not in block:
            raise UsageError(
                f"--config.{key}: {where} has no {name!r}{nearest(name, block)}; it has {', '.join(sorted(block))}"
            )
        block = block[name]
        path.append(name)


def _flat(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key in config:
        value = config[key]
        yield f"{prefix}{key}", value
        if isinstance(value, ConfigDict):
            yield from _flat(value, f"{prefix}{key}.")

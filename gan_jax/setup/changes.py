"""One setting of a config, changed by what was typed.

What is typed is read as what stands there: a number, a word, a tuple. Three rules besides:
"None" unsets a setting, or takes a block such as a regulariser away; a number in place of a block that is a schedule
replaces the schedule; a setting of a block with a type that the block does not name is added, and the type must take it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

from absl import flags as absl_flags
from ml_collections import ConfigDict

from gan_jax.names import nearest
from gan_jax.setup.config_files import ConfigError

_OF_ONE_KIND = ("evaluate", "log", "checkpoint", "mesh", "ema")  # blocks whose settings a class of gan_jax knows
_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "values between commas, such as 8,8,1",
}


def change(config: ConfigDict, key: str, text: str, name: str = "the config") -> None:
    """Sets a setting, by its dotted key, to what a text says. name: of the config, for errors.

    Raises ConfigError for a key that is not there, with the nearest one, and for a text that cannot be read as its kind.
    """
    if "[" in key:
        raise ConfigError(f"{key}: a part of a tuple cannot be set: name all of it, as {key.partition('[')[0]}=8,8,1")
    *path, last = key.split(".")
    block, where = _block(config, path, key, name), _where(path, name)
    if last not in block:
        if not ("type" in block or "schedule" in block or (len(path) == 1 and path[0] in _OF_ONE_KIND)):
            raise ConfigError(
                f"{key}: {where} has no {last!r}{nearest(last, block)}; it has {', '.join(sorted(block))}"
            )
        with block.unlocked():
            block[last] = literal(text)
        return
    present = block[last]
    value = _read(text, block, last, key, isinstance(present, ConfigDict))
    with block.ignore_type():
        block[last] = value


def names(config: ConfigDict, key: str) -> bool:
    """Whether the config names a key, in a block that is there."""
    return key in dict(flat(config))


def split_values(text: str) -> list[str]:
    """ "1,(2,3),4" -> what stands between its commas; what is in brackets is one."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def literal(text: str) -> Any:
    """A text as a Python value: a number, a tuple, true, None; else as it is."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def flat(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key and its value, blocks included."""
    for key in config:
        value = config[key]
        yield f"{prefix}{key}", value
        if isinstance(value, ConfigDict):
            yield from flat(value, f"{prefix}{key}.")


def _block(config: ConfigDict, path: list[str], key: str, name: str) -> ConfigDict:
    block: Any = config
    for i, part in enumerate(path):
        if part not in block:
            has = f"it has {', '.join(sorted(block))}"
            raise ConfigError(f"{key}: {_where(path[:i], name)} has no {part!r}{nearest(part, block)}; {has}")
        block = block[part]
        if not isinstance(block, ConfigDict):
            raise ConfigError(f"{key}: {_where(path[: i + 1], name)} is one value, {block!r}, and has no keys")
    return block


def _where(path: list[str], name: str) -> str:
    return f"{'.'.join(path)} of {name}" if path else name


def _read(text: str, block: ConfigDict, last: str, key: str, is_block: bool) -> Any:
    """The value that a text is, of the kind of the present one."""
    if text == "None":
        return None
    if is_block:
        return _rate(text, block[last], key)
    kind = block.get_type(last)
    if kind is tuple:
        return _tuple(text)
    try:
        if kind is bool:
            return absl_flags.BooleanParser().parse(text.lower())
        if kind is int:
            value = _whole(text, "type" in block)
        elif kind is float:
            value = float(text)
        else:
            return text if kind is str else literal(text)
    except (ValueError, TypeError):
        raise ConfigError(f"{key}={text}: {_KINDS[kind]} is needed here") from None
    if isinstance(value, float) and math.isnan(value):
        raise ConfigError(f"{key}={text}: {_KINDS[kind]} is needed here")
    return value


def _whole(text: str, may_be_broken: bool) -> int | float:
    """A whole number; of an object's settings, whose kind it knows better, any number."""
    try:
        return int(text)
    except ValueError:
        if not may_be_broken:
            raise
        return float(text)


def _tuple(text: str) -> tuple:
    inner = text.strip()
    value = literal(inner)
    if isinstance(value, tuple | list):
        return tuple(value)
    if inner[:1] in ("(", "[") and inner[-1:] in (")", "]") and len(split_values(inner)) == 1:
        inner = inner[1:-1]  # brackets around words: (swd,ms_ssim)
    return tuple(literal(each) for each in split_values(inner) if each)


def _rate(text: str, block: ConfigDict, key: str) -> float:
    """The number that replaces a schedule."""
    keys = ", ".join(f"{key}.{each}" for each in sorted(block))
    if "schedule" not in block:
        raise ConfigError(f"{key}={text}: {key} is a block: set one of {keys or 'its settings'}, or None to remove it")
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"{key}={text}: a number is needed here, in place of the schedule {block.schedule}; or set one of {keys}"
        ) from None

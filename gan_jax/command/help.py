"""What --help prints."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence

from absl import flags as absl_flags

from gan_jax.command.flags import Flags

_WIDEST = 110
_OVERRIDES = (
    "One setting of the config, such as --config.steps=500. Several values stand between commas, None unsets it, a number "
    "takes the place of a schedule; a name that is not there is refused."
)


def width() -> int:
    """Columns for text: those of the terminal, 80 where it is not known, and no more than are read with ease."""
    return min(shutil.get_terminal_size((80, 24)).columns or 80, _WIDEST)


def overview(command: str, abouts: Mapping[str, str], each: str) -> str:
    """What can stand for VERB or TOOL in a command, a line each. abouts: a sentence for each; each: what they are."""
    indent = max(map(len, abouts)) + 4
    lines = [line for name, about in abouts.items() for line in hanging(name, about, indent)]
    return "\n".join(
        [
            f"gan_jax {command} --name=value ..., or python -m gan_jax.main --mode={command} --name=value ...",
            "",
            *lines,
            "",
            f"gan_jax {command} --help shows the flags of a {each}.",
        ]
    )


def page(flags: Flags, about: str) -> str:
    """The flags of a verb, in their groups, with their defaults."""
    lines = textwrap.wrap(f"gan_jax {flags.verb}: {about}", width(), break_on_hyphens=False)
    for title, names in flags.groups.items():
        if names:
            lines += ["", title]
            for name in names:
                lines += _config(flags) if name == "config" else _flag(flags, name)
    return "\n".join(lines)


def _config(flags: Flags) -> list[str]:
    needed = " (needed)" if flags.is_needed("config") else ""
    return [
        *hanging("--config=NAME_OR_FILE", f"{flags.config_about}{needed}"),
        *hanging("--config.KEY=VALUE", _OVERRIDES),
    ]


def _flag(flags: Flags, name: str) -> list[str]:
    flag = flags.values[name]
    about = flag.help.partition(";\n")[0]  # absl adds a sentence of its own to flags that may be given again
    if flag.boolean:
        typed = f"--[no]{name}"
    elif isinstance(flag.parser, absl_flags.EnumParser):
        choices = flag.parser.enum_values
        typed = f"--{name}={'|'.join(choices)}"
        if len(typed) + 2 > width():
            typed, about = f"--{name}=NAME", f"{about} One of {', '.join(choices)}."
    else:
        typed = f"--{name}={_KINDS.get(flag.parser.flag_type(), 'TEXT')}"
    if flags.is_needed(name):
        about += " (needed)"
    elif not flag.boolean and flag.default not in (None, []):
        about += f" (default: {_shown(flag.default)})"
    return hanging(typed, about)


_KINDS = {"int": "N", "float": "X", "path": "PATH", "comma separated list of strings": "A,B,..."}


def _shown(default: object) -> str:
    return (
        ",".join(map(str, default)) if isinstance(default, Sequence) and not isinstance(default, str) else str(default)
    )


def hanging(name: str, about: str, indent: int = 32) -> list[str]:
    """A name, and what it is beside it, or below where the name is long, in lines that fit the terminal."""
    wrapped = textwrap.wrap(about, width() - indent, break_on_hyphens=False) or [""]
    if len(name) + 4 > indent:
        return [f"  {name}", *(" " * indent + line for line in wrapped)]
    return [f"  {name:{indent - 2}}{wrapped[0]}", *(" " * indent + line for line in wrapped[1:])]

"""From the words that were typed to a verb and its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from absl import flags as absl_flags
from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.command.overrides import add_config, keys_of
from gan_jax.names import nearest

HELP = ("--help", "-help", "-h", "--helpshort", "--helpfull")
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


class Verb(Protocol):
    """A module of gan_jax/verbs that the command can play. INSTEAD: what does the job of flags that it does not take."""

    INSTEAD: Mapping[str, str]  # such as {"seed": "--config.seed={}"}, with {} for the value that was given
    declare: Callable[[Flags], None]
    run: Callable[[FlagValues], Any]


Find = Callable[[str], Verb]


def split_verb(argv: Sequence[str], verbs: Sequence[str]) -> tuple[str | None, list[str]]:
    """(verb, argv without it), of "gan_jax sample --num=4" or "--mode=sample --num=4". None where none is named.

    Raises UsageError for a verb that is unknown, or named twice.
    """
    named, rest = [], [argv[0]]
    words = iter(argv[1:])
    for i, word in enumerate(words):
        if i == 0 and not word.startswith("-"):
            named.append((word, word))
        elif word in ("--mode", "-mode"):
            value = next(words, "")
            named.append((value, f"--mode={value}"))
        elif word.startswith(("--mode=", "-mode=")):
            named.append((word.partition("=")[2], word))
        elif word == "--":
            rest += [word, *words]
        else:
            rest.append(word)
    for name, typed in named:
        if name not in verbs:
            raise UsageError(f"{typed}: there is no such verb{nearest(name, verbs)}; there are {', '.join(verbs)}")
    if len(named) > 1:
        raise UsageError(f"the verb is given twice, as {' and '.join(typed for _, typed in named)}")
    return (named[0][0] if named else None), rest


def split_tool(argv: Sequence[str], tools: Sequence[str], asked: bool = False) -> tuple[str, list[str]]:
    """(One of `tools`, argv without it), of "--tool=mixing --num=4". asked: for help, which may be of "analyse" as a whole.

    tools: such as "analyse --tool=mixing". Raises UsageError for a tool that is missing, unknown, or named twice.
    """
    names = [tool.rpartition("=")[2] for tool in tools]
    named, rest = [], []
    words = iter(argv)
    for word in words:
        if word in ("--tool", "-tool"):
            named.append(next(words, ""))
        elif word.startswith(("--tool=", "-tool=")):
            named.append(word.partition("=")[2])
        else:
            rest.append(word)
    if not named and asked:
        return "analyse", rest
    if not named:
        raise UsageError(f"analyse needs --tool, such as --tool={names[0]}; there are {', '.join(names)}")
    if len(named) > 1:
        raise UsageError(f"the tool is given twice, as {' and '.join(named)}: one is played at a time")
    if named[0] not in names:
        raise UsageError(
            f"--tool={named[0]}: there is no such tool{nearest(named[0], names)}; there are {', '.join(names)}"
        )
    return tools[names.index(named[0])], rest


def declared(name: str, find: Find) -> Flags:
    """The flags of a verb."""
    flags = Flags(name)
    find(name).declare(flags)
    return flags


def parse(verb: str, argv: Sequence[str], find: Find, verbs: Sequence[str]) -> FlagValues:
    """The values of a verb's flags; "config" among them is a ConfigDict with its overrides, or None.

    argv: without the verb. find: a verb's module. Raises UsageError for flags that are unknown, another verb's, missing,
    or of the wrong type; ConfigError for a config that is not there.
    """
    flags = declared(verb, find)
    values = flags.values
    argv = values.read_flags_from_files(list(argv), force_gnu=False)
    if flags.config_about is not None:
        argv = add_config(values, argv, flags.overrides_alone)
    _check_lists(values, argv)
    try:
        left = values(argv)[1:]
    except absl_flags.UnrecognizedFlagError:
        words = [word for word in values(argv, known_only=True)[1:] if _name(word) not in (None, *values)]
        raise UsageError("\n".join(_not_taken(flags, word, find, verbs) for word in words)) from None
    except absl_flags.IllegalFlagValueError as error:
        raise UsageError(_illegal(values, str(error))) from None
    except absl_flags.Error as error:
        raise UsageError(str(error)) from None
    if left:
        raise UsageError(f"unexpected words: {' '.join(left)}; the verb comes first, flags are written --name=value")
    flags.check_needed()
    return values


def _check_lists(values: FlagValues, argv: Sequence[str]) -> None:
    """Raises UsageError for a flag of several values that is given twice: the first would be forgotten."""
    given: dict[str, str] = {}
    for word in argv[1:]:
        name, text = _name(word), word.partition("=")[2]
        if name is not None and name in values and isinstance(values[name].parser, absl_flags.ListParser):
            if name in given:
                raise UsageError(f"--{name} is given twice: name all of it once, as --{name}={given[name]},{text}")
            given[name] = text


def _not_taken(flags: Flags, word: str, find: Find, verbs: Sequence[str]) -> str:
    """What to say of a flag that the verb does not take. word: as it was typed."""
    verb, name, value = flags.verb, _name(word) or word, word.partition("=")[2] or "..."
    others = {other: declared(other, find) for other in verbs if other != verb}
    if name.removeprefix("no").startswith("config."):
        name = "config"
    takers = [other for other, each in others.items() if _takes(each, name)]
    if " " not in verb:  # to whoever plays no tool, all tools are their verb
        takers = list(dict.fromkeys(taker.partition(" ")[0] for taker in takers))
    if takers:
        said = f"--{name} belongs to {_listed(takers)}"
        if instead := find(verb).INSTEAD.get(name):
            return f"{said}; for {verb}: {instead.format(value)}"
        return f"{said}, not to {verb}; gan_jax {verb} --help lists its flags"
    config = flags.values["config"].value if flags.config_about is not None else None
    if keys := keys_of(config, name):
        return f"there is no flag --{name}; did you mean --config.{keys[0]}={value}?"
    known = [f"--{own}" for own in _names(flags)] + [f"--{own}" for each in others.values() for own in _names(each)]
    return f"there is no flag --{name}{nearest(f'--{name}', known)}; gan_jax {verb} --help lists those of {verb}"


def _name(word: str) -> str | None:
    """ "--num=3" -> "num"; None for a word that is no flag."""
    match = re.match(r"--?([^-=][^=]*)", word)
    return match[1] if match else None


def _takes(flags: Flags, name: str) -> bool:
    names = _names(flags)
    return name in names or (name.startswith("no") and name[2:] in names and flags.values[name[2:]].boolean)


def _names(flags: Flags) -> list[str]:
    return [name for group in flags.groups.values() for name in group]


def _illegal(values: FlagValues, text: str) -> str:
    """ "flag --num=x: invalid literal for ..." -> "--num=x: a whole number is needed here"."""
    match = re.match(r"flag --([^=\s]+)=(.*?): ", text, re.DOTALL)
    if match and match[1] in values:
        parser = values[match[1]].parser
        kind = _KINDS.get(parser.flag_type())
        if kind is not None:
            bounds = f" from {parser.lower_bound} to {parser.upper_bound}" if parser.flag_type() == "int" else ""
            return f"--{match[1]}={match[2]}: {kind}{bounds} is needed here"
    return text.removeprefix("flag ")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

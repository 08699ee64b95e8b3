"""The flags of one verb, as its file declares them.

def declare(flags: Flags) -> None:
    flags.group("What is drawn")
    flags.integer("num", 64, "How many images.", lowest=1)

def run(values: FlagValues) -> None:
    sample(values.workdir, values.out, values.num)
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from absl import flags as absl_flags
from absl.flags import FlagValues

from gan_jax.command.errors import UsageError

LARGEST = 2**32 - 1


class Flags:
    """Flags of absl's in a FlagValues of their own: nothing here is global. Verbs declare them group by group."""

    def __init__(self, verb: str):
        self.verb = verb
        self.values = FlagValues()
        self.groups: dict[str, list[str]] = {}
        self.config_about: str | None = None  # what --config is for; None where the verb takes none
        self.overrides_alone = False
        self._needed: dict[str, str] = {}  # an example of each flag that must be given

    def group(self, title: str) -> None:
        """The head, in --help, of the flags that follow."""
        self._group = self.groups.setdefault(title, [])

    def integer(self, name: str, default: int | None, about: str, lowest: int = 0, highest: int = LARGEST) -> None:
        """A whole number, from `lowest` to `highest`: by default the largest that 32 bits hold, as indices and seeds do."""
        parser = absl_flags.IntegerParser(lowest, highest)
        self._add(name, default, about, parser)

    def number(self, name: str, default: float | None, about: str) -> None:
        """A number; not NaN, nor infinity."""
        self._add(name, default, about, _NumberParser())

    def text(self, name: str, default: str | None, about: str, needed: str | None = None) -> None:
        """Any text. needed: an example, where it must be given."""
        self._add(name, default, about, absl_flags.ArgumentParser(), needed)

    def path(self, name: str, default: str | None, about: str, needed: str | None = None, remote: bool = False) -> None:
        """A file or folder; a ~ at its beginning is the home folder. needed: an example, where it must be given.

        remote: whether it may be in a bucket.
        """
        self._add(name, default, about, _PathParser(remote), needed)

    def one_of(self, name: str, default: str | None, choices: Sequence[str], about: str, needed: bool = False) -> None:
        """One of several words."""
        self._add(name, default, about, absl_flags.EnumParser(list(choices)), choices[0] if needed else None)

    def switch(self, name: str, default: bool | None, about: str) -> None:
        """--name, or --noname."""
        self._group.append(name)
        absl_flags.DEFINE_bool(name, default, about, flag_values=self.values)

    def listed(self, name: str, default: Sequence[str] | None, about: str, example: str, needed: bool = False) -> None:
        """Texts between commas, none of them empty; a ~ at the beginning of one, or behind its =, is the home folder.

        example: what may stand behind --name=, said where something is missing there.
        """
        self._add(name, default, about, _ListParser(name, example), example if needed else None)

    def repeated(self, name: str, about: str) -> None:
        """A text each time that it is given."""
        self._group.append(name)
        absl_flags.DEFINE_multi_string(name, [], about, flag_values=self.values)

    def config(self, about: str, needed: str | None = None, overrides_alone: bool = False) -> None:
        """--config, and --config.KEY=VALUE for one setting of it. The value is a ConfigDict, or None.

        overrides_alone: whether settings may stand without it; they are in the flag of overrides.OVERRIDES.
        """
        self.config_about, self.overrides_alone = about, overrides_alone
        self._group.append("config")
        if needed:
            self._needed["config"] = needed

    def workdir(self, about: str, needed: str | None = None, remote: bool = True) -> None:
        """--workdir, a run's folder. remote: whether it may be in a bucket."""
        self.path("workdir", None, about, needed, remote)

    def checkpoint(self) -> None:
        """--step and --weights: which of a run's generators."""
        self.integer("step", None, "Which checkpoint; by default the newest.", lowest=0)
        self.one_of("weights", "ema", ("ema", "raw"), "The moving average, or the weights as they are.")

    def machine(self, processes: bool = True) -> None:
        """--compilation_cache and, where several processes can make one run, --distributed."""
        self.group("The machine")
        about = "Folder of compiled programs; by default beside workdir. 'none' for no cache."
        self.path("compilation_cache", None, about, remote=True)
        if processes:
            about = "Join the other processes of a TPU slice; needed where no variable tells of them."
            self.switch("distributed", None, about)

    def is_needed(self, name: str) -> bool:
        """Whether it must be given."""
        return name in self._needed

    def check_needed(self) -> None:
        """Raises UsageError for what was not given and must be."""
        require(self.values, self.verb, **self._needed)

    def _add(self, name: str, default: Any, about: str, parser: Any, needed: str | None = None) -> None:
        self._group.append(name)
        if needed:
            self._needed[name] = needed
        serializer = absl_flags.ArgumentSerializer()
        absl_flags.DEFINE(parser, name, default, about, flag_values=self.values, serializer=serializer)


def require(values: FlagValues, verb: str, **examples: str) -> None:
    """Raises UsageError where one of these flags is not given."""
    for name, example in examples.items():
        if values[name].value in (None, []):
            raise UsageError(f"{verb} needs --{name}, such as --{name}={example}")


class _NumberParser(absl_flags.FloatParser):
    """A number that is finite."""

    def convert(self, argument: str | float) -> float:
        if not math.isfinite(value := super().convert(argument)):
            raise ValueError(f"{argument} is not finite")
        return value


class _ListParser(absl_flags.ListParser):
    """Texts between commas, with ~ as the home folder."""

    def __init__(self, flag: str, example: str):
        super().__init__()
        self._flag, self._example = flag, example

    def parse(self, argument: str | list[str]) -> list[str]:
        texts = [_at_home(each) for each in super().parse(argument)]
        if isinstance(argument, str) and not (texts and all(texts)):
            what = "one of the texts between commas is empty" if any(texts) else "nothing is named"
            raise ValueError(f"{what}; write it as --{self._flag}={self._example}")
        return texts


def _at_home(text: str) -> str:
    """ "~/a" and "vgg16=~/a" from the home folder; else as it is."""
    name, equals, path = text.rpartition("=")
    return name + equals + os.path.expanduser(path)


class _PathParser(absl_flags.ArgumentParser):
    """A path, with ~ as the home folder. remote: whether it may be in a bucket."""

    def __init__(self, remote: bool):
        super().__init__()
        self._remote = remote

    def parse(self, argument: str) -> str:
        if not argument:
            raise ValueError("it is empty; the current folder is .")
        if "://" in argument and not self._remote:
            raise ValueError(
                "it is a URL, and here a file or folder of this machine is taken: copy it, or mount the bucket"
            )
        return os.path.expanduser(argument)

    def flag_type(self) -> str:
        return "path"

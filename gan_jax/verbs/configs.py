"""The experiments that ship with the package, a line each."""

from __future__ import annotations

from collections.abc import Mapping

from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.command.help import hanging
from gan_jax.setup.config_files import shipped_configs

INSTEAD: Mapping[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax configs` takes."""
    flags.group("The list")
    flags.one_of("by", "data", ("data", "method"), "What they are grouped by: the data set, or the method.")


def run(values: FlagValues) -> None:
    """Plays `gan_jax configs`."""
    print(list_configs(values.by))


def list_configs(by: str = "data") -> str:
    """Every experiment, a line each, grouped by its "data" or its "method"."""
    shipped = shipped_configs()
    indent = max(len(config.name) for config in shipped) + 4
    lines = []
    for group in sorted({getattr(config, by) for config in shipped}):
        lines += [group]
        for config in shipped:
            if getattr(config, by) == group:
                lines += hanging(config.name, config.about, indent)
        lines.append("")
    return "\n".join([*lines, "Train one: gan_jax train --config=ssgan_digits --workdir=runs/ssgan_digits"])

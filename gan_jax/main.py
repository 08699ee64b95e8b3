"""The command: gan_jax VERB --name=value ..., or python -m gan_jax.main --mode=VERB --name=value ..."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from absl import flags as absl_flags
from absl import logging
from absl.flags import FlagValues

from gan_jax import __version__
from gan_jax.command.help import overview, page
from gan_jax.command.parsing import HELP, Verb, declared, parse, split_tool, split_verb

VERBS = {  # -> its file in gan_jax/verbs
    "train": "train",
    "sample": "sample",
    "stylize": "stylize",
    "evaluate": "evaluate",
    "analyse": "tools",
    "project": "project",
    "translate": "translate",
    "explore": "explore",
    "video": "video",
    "export": "export",
    "push": "push",
    "classifier": "classifier",
    "segmenter": "segmenter",
    "sweep": "sweep",
    "toys": "toys",
    "plan": "plan",
    "import": "import_weights",
    "configs": "configs",
}
TOOLS = {
    f"analyse --tool={name}": f"tools.{name}"
    for name in (
        "mixing",
        "truncation",
        "noise",
        "interpolation",
        "classes",
        "codes",
        "steering",
        "attributes",
        "directions",
        "dissection",
        "arithmetic",
        "grid",
        "neighbours",
        "encoder",
        "tsne",
        "forgetting",
    )
}
COMMANDS = {**{name: file for name, file in VERBS.items() if name != "analyse"}, **TOOLS}  # all that is played


def main(argv: Sequence[str] | None = None) -> None:
    """Plays the verb that was typed, and ends the process with its status.

    0: done. 1: an error, said in a sentence on stderr. 128 + a signal's number: stopped by it, to go on later.
    """
    try:
        status = _play(list(sys.argv if argv is None else argv))
    except BrokenPipeError:  # who read what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
        status = 128 + signal.SIGPIPE
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except (OverflowError, MemoryError) as error:
        print(
            f"error: a number or a size that was given is too large: {str(error) or 'memory ran out'}", file=sys.stderr
        )
        status = 1
    sys.exit(status)


def find(verb: str) -> Verb:
    """The module of a command. Imported when it is asked for: most bring JAX."""
    return cast(Verb, importlib.import_module(f"gan_jax.verbs.{COMMANDS[verb]}"))


def _play(argv: list[str]) -> int:
    if "--version" in argv:
        print(f"gan_jax {__version__}")
        return 0
    asked = any(word in HELP for word in argv[1:])
    command, argv = split_command(argv, asked)
    if asked:
        print(_help(command))
        return 0
    command = command or "train"
    values = parse(command, argv, find, list(COMMANDS))
    return _status(command, values)


def split_command(argv: Sequence[str], asked: bool = False) -> tuple[str | None, list[str]]:
    """(A name of COMMANDS, argv without it); None where no verb is named. asked: for help, which may be of "analyse".

    Raises UsageError for verbs and tools that there are not.
    """
    verb, rest = split_verb(argv, list(VERBS))
    return split_tool(rest, list(TOOLS), asked) if verb == "analyse" else (verb, rest)


def _help(command: str | None) -> str:
    """The page of a command, or the list of verbs, or of tools."""
    if command is None:
        return overview("VERB", {name: _about(name) for name in VERBS}, "verb; without one, it is train")
    if command == "analyse":
        return overview(command + " --tool=TOOL", {name: _about(name) for name in TOOLS}, "tool")
    return page(declared(command, find), _about(command))


def _status(verb: str, values: FlagValues) -> int:
    absl_flags.FLAGS.mark_as_parsed()  # of libraries, which keep their defaults
    logging.use_absl_handler()
    logging.set_verbosity(logging.WARNING)
    run = find(verb).run
    if "distributed" not in values:  # a verb that one process plays
        _use_compilation_cache(values)
        return _number(run(values))
    from gan_jax.runtime.processes.processes import ending_together, initialize_distributed

    with ending_together():
        initialize_distributed(distributed=values.distributed)
        _use_compilation_cache(values)
        return _number(run(values))


def _number(stopped: str | int | None) -> int:
    """The status of what a verb returned: the name of the signal that stopped it, a status of its own, or None."""
    return 128 + signal.Signals[stopped].value if isinstance(stopped, str) else stopped or 0


def _use_compilation_cache(values: FlagValues) -> None:
    """A run that starts again need not compile again. JAX's own variables say otherwise where they are set."""
    folder = values.compilation_cache if "compilation_cache" in values else "none"
    beside = folder is None and "workdir" in values and values.workdir is not None
    if beside and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = os.fspath(Path(values.workdir).absolute().parent / ".compilation_cache")
        if "://" in str(values.workdir):  # the programs stay on this machine
            from gan_jax.features.published import cache_folder

            folder = os.fspath(cache_folder() / "compilation")
    if folder not in (None, "none"):
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise ValueError(f"--compilation_cache={folder} is no folder; 'none' keeps no compiled programs")
        import jax

        jax.config.update("jax_compilation_cache_dir", folder)
        if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)  # JAX's 1 s leaves out half of a start


def _about(verb: str) -> str:
    """The first sentence of a verb's or a tool's file, which is not imported for it."""
    spec = importlib.util.find_spec(f"gan_jax.verbs.{(VERBS | TOOLS)[verb]}")
    text = Path(cast(str, spec and spec.origin)).read_text()
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    main()

"""A page in the browser on which one turns a trained generator's knobs: seeds, mixing, directions, units, a brush."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from pathlib import Path

from absl.flags import FlagValues

from gan_jax.analysis.directions import Direction, check_direction, read
from gan_jax.analysis.directions.direction import FOLDER
from gan_jax.analysis.scenes import Scene, Studio
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.explore.answers import Answers
from gan_jax.explore.export import Plan, export
from gan_jax.verbs import opening
from gan_jax.verbs.opening import Opened
from gan_jax.verbs.tools.truncation import amounts_of

PORT = 8600
INSTEAD = {
    "seed": "the page has a field for it",
    "direction": "the page has a slider for each that is saved; --directions=FILE.json brings others",
    "out": "--export={}",
}
_OF_EXPORT, _OF_SERVER = ("num", "amounts"), ("host", "port", "open")


def declare(flags: Flags) -> None:
    """What `gan_jax explore` takes."""
    opening.declare(flags)
    about = f"Files of saved directions, beside those in the run's or model's folder {FOLDER}."
    flags.listed("directions", None, about, "found/glasses.json,found/beard.json")
    flags.group("The page")
    flags.text(
        "host", "127.0.0.1", "The address to listen at. By any but this machine's own, the page asks for a token."
    )
    flags.integer("port", PORT, "The port; 0: one that is free.", highest=65535)
    flags.switch("open", True, "Open the page in the browser, where there is a screen.")
    flags.group("Instead of a page that is served")
    flags.path("export", None, "A folder: pictures drawn beforehand, and index.html, which opens without a server.")
    flags.integer("num", 12, "Images of seed 0 in it.", lowest=1, highest=200)
    flags.text("amounts", None, "Truncations in it, by commas: psi (1,0.7,0.4,0), or thresholds of latents (2,1,0.5).")
    flags.machine(processes=False)


def run(values: FlagValues) -> None:
    """Plays `gan_jax explore`."""
    opening.check(values, "explore")
    unused, other = (_OF_SERVER, "--export writes files") if values.export else (_OF_EXPORT, "without --export")
    for name in unused:
        if values[name].present:
            raise UsageError(f"explore takes no --{name} here: {other}, and it would change nothing")
    server = None if values.export else _server()
    opened = opening.opened(values, values.export)
    directions, files = _directions(values, opened)
    studio = Studio(opened.sampler, directions)
    if server is None:
        return _export(values, opened, studio)
    access = server.Access.of(values.host)
    sockets = server.bound(values.host, values.port)
    answers = Answers(studio, opened.name, loading(values, opened), files)
    print(f"setting up {opened.name} ...", flush=True)
    studio.image(Scene())  # compiled before anyone waits for it
    url = server.address(sockets, access)
    print(f"open {url}\nCtrl-C ends it", flush=True)
    if values.open and _has_screen():
        webbrowser.open(url)
    asyncio.run(_serve(server, answers, access, sockets))
    print("\nended")


def loading(values: FlagValues, opened: Opened) -> str:
    """Lines of Python that make the sampler again."""
    if opened.run is None:
        file, _, function = os.path.expanduser(values.model).partition(".py:")
        file += ".py" if function else ""
        name = os.path.abspath(file) + (f":{function}" if function else "") if os.path.exists(file) else values.model
        return f"sampler = gan_jax.load({name!r}).sampler"
    chosen = [repr(os.path.abspath(values.workdir)), f"step={opened.run.step}"]
    chosen += ["average=False"] if values.weights == "raw" else []
    chosen += [f"sampler={values.sampler!r}"] if values.sampler is not None else []
    return f"_, sampler = gan_jax.load_sampler({', '.join(chosen)})"


async def _serve(server, answers, access, sockets) -> None:
    await server.serve(answers, access, sockets, asyncio.Event())


def _server():
    try:
        from gan_jax.explore import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "tornado":
            raise
        raise ImportError(
            "the page is served by tornado, which is not installed: pip install tornado; --export=FOLDER needs it not"
        ) from error
    return server


def _directions(values: FlagValues, opened: Opened) -> tuple[list[Direction], dict[str, Path]]:
    """Those that were named, and those in the folder, of this generator: with their files, by name."""
    beside = Path(values.workdir or values.model).expanduser() / FOLDER
    found, files = [], {}
    for path, named in [
        *((Path(path), True) for path in values.directions or ()),
        *((path, False) for path in sorted(beside.glob("*.json"))),
    ]:
        if path.absolute() in files.values():
            continue
        try:
            direction = read(path)
            check_direction(opened.sampler, direction)
            if direction.name in files:
                raise ValueError(f"a direction {direction.name} is there already, of {files[direction.name]}")
        except ValueError as error:
            if named:
                raise
            print(f"left out {path.name}: {error}")
            continue
        found.append(direction)
        files[direction.name] = path.absolute()
    return found, files


def _export(values: FlagValues, opened: Opened, studio: Studio) -> None:
    if values.amounts is not None and studio.abilities.truncation is None:
        raise UsageError("--amounts are truncations, and this generator's latents have no tails: leave it out")
    amounts = amounts_of(values.amounts, True) if values.amounts is not None else None
    written = export(studio, opened.name, values.export, Plan.of(studio, values.num, amounts))
    print(f"wrote {written} pictures of {opened.name}: open {Path(values.export) / 'index.html'}")


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

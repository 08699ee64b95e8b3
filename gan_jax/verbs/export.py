"""A trained model in a folder of its own: weights, all that is known of it, a picture; or a program that runs without gan_jax."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.names import one_of
from gan_jax.run.drawing import draw
from gan_jax.run.pictures import beside
from gan_jax.run.work_folder import has_run
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_apart, check_new_file, check_new_folder
from gan_jax.verbs import opening
from gan_jax.verbs.sample import write
from gan_jax.zoo.arrays import arrays_of, with_arrays
from gan_jax.zoo.files import CARD, WEIGHTS, read_model, template_of, write_model
from gan_jax.zoo.formats import onnx, stablehlo
from gan_jax.zoo.trained import SHOWN, Trained, of_model, of_run

PICTURE = "samples.png"
FORMATS = {  # -> the files of each
    "safetensors": (WEIGHTS, CARD, PICTURE),
    "stablehlo": (stablehlo.PROGRAM, stablehlo.ABOUT),
    "onnx": (onnx.PROGRAM, onnx.ABOUT),
}
INSTEAD: dict[str, str] = {"steps": "--step={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax export` takes."""
    flags.group("The model")
    flags.workdir("The run's folder.")
    flags.text("model", None, "Instead of a run: a model that ships with the package, by name, or an exported folder.")
    flags.checkpoint()
    flags.text("sampler", None, "Which of the game's samplers, such as a_to_b; by default the first.")
    flags.group("What is written")
    about = f"A folder: {WEIGHTS}, {CARD} and {PICTURE}, and a file and a JSON for each program."
    flags.path("out", "model", about)
    about = (
        "safetensors, which gan_jax.load reads; stablehlo, a program for JAX alone; onnx, where jax2onnx is installed."
    )
    flags.listed("formats", ["safetensors"], about, "safetensors,stablehlo")
    flags.listed("platforms", list(stablehlo.PLATFORMS), "What a StableHLO program runs on.", "cpu,cuda,tpu")
    flags.text("licence", None, "Of the data it was trained on, in words; of data that come with gan_jax it is known.")
    flags.text("hardware", None, "What it was trained on, in words.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax export`."""
    opening.check_one(values, "export")
    for name in ("licence", "hardware") if values.model is not None else ():
        if values[name].present:
            raise UsageError(f"--{name} is of a run; a model has its own already: leave it out")
    if values["platforms"].present and "stablehlo" not in values.formats:
        raise UsageError("--platforms is of a StableHLO program: ask for one, --formats=safetensors,stablehlo")
    told = {"sampler": values.sampler, "licence": values.licence, "hardware": values.hardware, "model": values.model}
    told |= {"formats": values.formats, "platforms": values.platforms}
    export(values.workdir, values.out, values.step, values.weights == "ema", **told)


def export(
    workdir: str | Path | None,
    out: str | Path,
    step: int | None = None,
    average: bool = True,
    sampler: str | None = None,
    licence: str | None = None,
    hardware: str | None = None,
    model: str | Path | None = None,
    formats: Sequence[str] = ("safetensors",),
    platforms: Sequence[str] = stablehlo.PLATFORMS,
) -> None:
    """Writes a run's sampler, or a model's, to the folder `out`, named as that, and compares what is read back with it.

    formats: of FORMATS; weights draw the same to the bit, programs within an error that their JSON states.
    Raises what `restore` and `load` raise; ValueError for formats and platforms that there are not, where `out` is a run's
    own folder, and where the model cannot be written so; FileExistsError where `out` has such files; RuntimeError where samples
    differ.
    """
    out = check_out(out, formats)
    if "stablehlo" in formats:
        stablehlo.require_platforms(platforms)
    if "onnx" in formats:
        onnx.require()
    found = opened(workdir, model, out, step, average, sampler, licence, hardware)
    if "safetensors" in formats:
        require_rebuilt(found)
    if not is_first():
        return
    told = [_written(each, found, out, platforms) for each in dict.fromkeys(formats)]
    print(f"wrote step {found.card['step']} to {out}: {'; '.join(told)}")


def opened(
    workdir: str | Path | None,
    model: str | Path | None,
    out: Path,
    step: int | None,
    average: bool,
    sampler: str | None,
    licence: str | None,
    hardware: str | None,
) -> Trained:
    """A run's sampler or a model's. out: lies apart from its data, or it is refused."""
    if model is not None:
        return of_model(model)
    apart = lambda *inputs: check_apart(out, *inputs)
    return of_run(workdir, out.name, step, average, sampler, licence, hardware, apart)


def check_out(out: str | Path, formats: Sequence[str]) -> Path:
    """The folder, where these formats can be written to it. It makes nothing."""
    if not formats:
        raise ValueError(f"name a format or several of {', '.join(FORMATS)}")
    for each in formats:
        one_of(each, FORMATS, "the format")
    out = check_new_folder(Path(out).expanduser())
    if has_run(out):
        raise ValueError(f"{out} is the work folder of a run: name another folder with --out")
    files = [out / name for each in formats for name in FORMATS[each]]
    if there := [path.name for path in files if path.is_file()]:
        raise FileExistsError(
            f"{out} has a model already ({', '.join(there)}): name another folder with --out, or empty it"
        )
    for path in files:
        check_new_file(path)
    return out


def require_rebuilt(found: Trained) -> None:
    """Raises ValueError for a sampler that its config and its own arrays do not make again, before anything is written."""
    try:
        with_arrays(template_of(found.card), arrays_of(found.sampler))
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"the sampler of {found.card['config']['method']['type']} cannot be exported as weights, because its config and its"
            f" arrays do not make it again ({reason}); those of generators of latents, translators, shapes from pictures and"
            " style transfer can, and a program may, --formats=stablehlo"
        ) from error


def _written(name: str, found: Trained, out: Path, platforms: Sequence[str]) -> str:
    """Writes one format. -> what there is to say of it."""
    if name == "safetensors":
        return write_weights(found, out)
    if name == "stablehlo":
        about = stablehlo.write_stablehlo(out, found.program(), found.example(), found.about(), platforms)
    else:
        about = onnx.write_onnx(out, found.program(), found.example(), found.about())
    return f"{about['file']}, within {about['checked']['largest_difference']:.1e} of the same {SHOWN} samples"


def write_weights(found: Trained, out: Path) -> str:
    """Weights, card and picture. -> what there is to say of them. Raises RuntimeError where samples differ."""
    write_model(out, found.sampler, found.card)
    again = draw(read_model(out)[1], SHOWN, given=found.given)["image"]
    images = found.drawn["image"]
    if not np.array_equal(again, images):
        raise RuntimeError(f"what {out} holds does not draw what the run draws: do not use it")
    if images.shape[-1] in (1, 3, 4):
        shown = beside(found.started, images, found.targets) if found.given else images
        write({**found.drawn, "image": shown}, out / PICTURE)
    return f"{WEIGHTS}, the same {SHOWN} samples to the bit; gan_jax.load({str(out)!r}) reads it"

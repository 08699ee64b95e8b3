"""The command: python -m gan_jax.main --config=configs/ssgan_digits.py --workdir=runs/digits"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

_MODES = ("train", "sample", "evaluate", "classifier", "sweep", "plan", "import")

_CONFIG = config_flags.DEFINE_config_file("config", None, "The experiment, e.g. configs/ssgan_digits.py.")
_MODE = flags.DEFINE_enum("mode", "train", _MODES, "What to do.")
_WORKDIR = flags.DEFINE_string("workdir", None, "The run's folder: checkpoints, samples, metrics and scores.")
_CACHE = flags.DEFINE_string(
    "compilation_cache", None, "Folder of compiled programs; by default beside workdir. 'none' for no cache."
)
_DISTRIBUTED = flags.DEFINE_bool(
    "distributed", None, "Join the other processes of a TPU slice; needed where no variable tells of them."
)
_PROFILE = flags.DEFINE_string(
    "profile", None, "train: a range of rounds such as 10:20, of which a trace is written to workdir/profile."
)
_OUT = flags.DEFINE_string(
    "out",
    None,
    "sample: a grid (.png), an array file (.npz), or a folder of PNGs. classifier: the weights, .npz. "
    "evaluate --images: the file scores are appended to. plan: a JSON file, and for several machines a plot beside it.",
)
_SEED = flags.DEFINE_integer("seed", 0, "sample, evaluate, classifier: of all chance.")
_STEP = flags.DEFINE_integer("step", None, "sample, evaluate: which checkpoint; by default the newest.")
_WEIGHTS = flags.DEFINE_enum(
    "weights", "ema", ("ema", "raw"), "sample, evaluate: the moving average, or the weights as they are."
)
_TRUNCATION = flags.DEFINE_float("truncation", None, "sample, evaluate: normal latents beyond this are drawn again.")
_NUM = flags.DEFINE_integer("num", 64, "sample: how many images.")
_LABEL = flags.DEFINE_integer("label", None, "sample: one class for all images.")
_RECIPES = flags.DEFINE_list("recipes", None, "evaluate: which scores; 'list' shows them. By default the config's.")
_ALL = flags.DEFINE_bool("all", False, "evaluate: every checkpoint of the run.")
_IMAGES = flags.DEFINE_string("images", None, "evaluate: a folder or .npz file, scored in place of a run.")
_REFERENCE = flags.DEFINE_string(
    "reference", None, "evaluate --images: what they are compared with: a folder, an .npz file, emoji, digits or faces."
)
_BATCH_NORM = flags.DEFINE_enum(
    "batch_norm", "running", ("running", "batch", "standing"), "evaluate: the statistics of batch normalisation."
)
_FORCE = flags.DEFINE_bool("force", False, "evaluate: scores of too few images, comparisons across protocols.")
_COMPARE = flags.DEFINE_list("compare", None, "evaluate: two work folders, whose scores are shown side by side.")
_CLASSIFIER = flags.DEFINE_string("classifier", None, "evaluate: weights that --mode=classifier wrote, for fd_<name>.")
_EXTRACTOR_WEIGHTS = flags.DEFINE_list(
    "extractor_weights", [], "evaluate: files of published weights, inception_2015=PATH or vgg16=PATH."
)
_SWEEP = flags.DEFINE_multi_string(
    "sweep",
    [],
    "sweep: an axis of the grid, KEY=VALUE,VALUE,...; KEY is a config key, seed, or config for config files.",
)
_TOPOLOGY = flags.DEFINE_list(
    "topology",
    [],
    "plan: machines such as v3:8x8, v4:4x4x4, gpu:8xh100, cpu:8; v3:2x2@128 with a batch size of its own.",
)
_WHAT = flags.DEFINE_enum("what", "train", ("train", "sample", "evaluate"), "plan: which program.")
_KIND = flags.DEFINE_string(
    "kind", None, "import: whose weights: mimicry, biggan_pytorch, biggan_tfhub or pretrained_biggan."
)
_GENERATOR = flags.DEFINE_string("generator", None, "import: the generator's file, .pth, .safetensors or .npz.")
_DISCRIMINATOR = flags.DEFINE_string("discriminator", None, "import: the discriminator's file.")
_GENERATOR_EMA = flags.DEFINE_string("generator_ema", None, "import: the file of the generator's moving average.")
_STEPS = flags.DEFINE_integer("steps", None, "classifier: updates; by default enough for the data set.")


def main(argv: Sequence[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}; options are written --name=value")
    try:
        stopped = _run()
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if stopped:
        sys.exit(128 + signal.Signals[stopped].value)


def _run() -> str | None:
    logging.set_verbosity(logging.WARNING)
    if _PROFILE.value is not None and _MODE.value != "train":
        raise ValueError(f"--profile belongs to --mode=train, not to {_MODE.value}")
    if _MODE.value == "plan":
        _simulate_devices()
    from gan_jax.runtime.processes import ending_together, initialize_distributed

    play = {
        "train": _train,
        "sample": _sample,
        "evaluate": _evaluate,
        "classifier": _classifier,
        "sweep": _sweep,
        "plan": _plan,
        "import": _import,
    }[_MODE.value]
    with ending_together():
        initialize_distributed(distributed=_DISTRIBUTED.value)
        _use_compilation_cache()
        return play()


def _train() -> str | None:
    _require("train", workdir="runs/digits")
    from gan_jax.runtime.profile import parse_rounds
    from gan_jax.train import train
    from gan_jax.work_folder import has_run, read_config

    if _CONFIG.value is None and not has_run(_WORKDIR.value):
        _require("train", config="configs/ssgan_digits.py")
    profile = None if _PROFILE.value is None else parse_rounds(_PROFILE.value)
    config = _CONFIG.value or read_config(_WORKDIR.value)  # a folder's run knows its config
    return train(config, _WORKDIR.value, profile)


def _sample() -> None:
    _require("sample", workdir="runs/digits")
    from gan_jax.sample import sample

    out, average = _OUT.value or "samples.png", _WEIGHTS.value == "ema"
    sample(_WORKDIR.value, out, _NUM.value, _SEED.value, _STEP.value, average, _TRUNCATION.value, _LABEL.value)


def _evaluate() -> None:
    from gan_jax import evaluate
    from gan_jax.evaluators.extractors import Extractors
    from gan_jax.scoring import Options

    if _COMPARE.value:
        if len(_COMPARE.value) != 2:
            raise ValueError("--compare takes two work folders: --compare=runs/a,runs/b")
        print(evaluate.compare_runs(*_COMPARE.value, force=_FORCE.value))
        return
    if unreadable := [pair for pair in _EXTRACTOR_WEIGHTS.value if "=" not in pair]:
        raise ValueError(
            f"--extractor_weights are NAME=PATH, such as inception_2015=weights.npz, not {unreadable[0]!r}"
        )
    extractors = Extractors(dict(pair.split("=", 1) for pair in _EXTRACTOR_WEIGHTS.value), _CLASSIFIER.value)
    if _RECIPES.value == ["list"]:
        print(evaluate.list_recipes(extractors))
        return
    options = Options(_SEED.value, _WEIGHTS.value == "ema", _BATCH_NORM.value, _TRUNCATION.value, force=_FORCE.value)
    if _IMAGES.value is not None:
        _require("evaluate --images", reference="digits")
        evaluate.evaluate_images(_IMAGES.value, _REFERENCE.value, _RECIPES.value, extractors, options, _OUT.value)
        return
    _require("evaluate", workdir="runs/digits")
    steps = None if _STEP.value is None else [_STEP.value]
    evaluate.evaluate_run(_WORKDIR.value, _CONFIG.value, _RECIPES.value, steps, _ALL.value, extractors, options)


def _classifier() -> None:
    _require("classifier", config="configs/sngan_digits.py", out="digits.npz")
    from gan_jax.train_classifier import train_classifier

    command = "python -m gan_jax.main " + " ".join(sys.argv[1:])
    train_classifier(_CONFIG.value, _OUT.value, _STEPS.value, _SEED.value, command)


def _sweep() -> str | None:
    _require("sweep", workdir="runs/sweep")
    if not _SWEEP.value:
        raise ValueError("sweep needs an axis or more, such as --sweep=seed=0,1,2 --sweep=method.latent_dim=16,32")
    from gan_jax.sweep import parse_axis, sweep

    axes = dict(parse_axis(text) for text in _SWEEP.value)
    return sweep(_CONFIG.value, _WORKDIR.value, axes, _RECIPES.value)


def _plan() -> None:
    _require("plan", config="configs/ssgan_imagenet.py")
    if not _TOPOLOGY.value:
        raise ValueError("plan needs --topology, such as --topology=v3:8x8")
    from gan_jax.plan import fits, plan

    if not all(fits(found) for found in plan(_CONFIG.value, _TOPOLOGY.value, _WHAT.value, _OUT.value)):
        sys.exit(3)  # scripts ask: errors have 1


def _import() -> None:
    _require("import", kind="mimicry", config="configs/sngan_cifar10.py", workdir="runs/imported")
    from gan_jax.import_weights import import_weights

    files = (_GENERATOR.value, _DISCRIMINATOR.value, _GENERATOR_EMA.value)
    import_weights(_KIND.value, _CONFIG.value, _WORKDIR.value, *files, _TRUNCATION.value)
    print(f"imported into {_WORKDIR.value}: --mode=sample, evaluate and train go on from there")


def _require(mode: str, **examples: str) -> None:
    """Raises ValueError where one of these flags is not given."""
    for name, example in examples.items():
        if flags.FLAGS[name].value is None:
            raise ValueError(f"{mode} needs --{name}, such as --{name}={example}")


def _use_compilation_cache() -> None:
    """A run that starts again need not compile again."""
    import jax

    if _CACHE.value == "none" or (_CACHE.value is None and _WORKDIR.value is None):
        return
    beside = lambda: Path(_WORKDIR.value).expanduser().absolute().parent / ".compilation_cache"
    jax.config.update("jax_compilation_cache_dir", os.fspath(_CACHE.value or beside()))


def _simulate_devices() -> None:
    """A plan runs on the CPU, with as many simulated devices as cpu:N asks for. To be called before JAX is imported."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    counts = [
        int(count)
        for count in (text.partition("@")[0].removeprefix("cpu:") for text in _TOPOLOGY.value)
        if count.isdigit()
    ]
    if counts:
        flags_of_xla = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags_of_xla} --xla_force_host_platform_device_count={max(counts)}".strip()


def _parse(argv: list[str]) -> list[str]:
    """absl's parsing, with the folder of the config's folder importable and errors as one sentence."""
    for i, argument in enumerate(argv):
        name, _, value = argument.partition("=")
        if name.lstrip("-") == "config" and (path := value or next(iter(argv[i + 1 :]), "")):
            sys.path.insert(0, os.fspath(Path(path).absolute().parent.parent))
            if not Path(path).is_file():
                sys.exit(f"error: there is no config file {Path(path).absolute()}")
    try:
        return flags.FLAGS(argv)
    except (flags.Error, AttributeError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"error: {error.args[0] if error.args else error}\nSee --help for the options.")


if __name__ == "__main__":
    app.run(main, flags_parser=_parse)

"""The command: python -m gan_jax.main --config=configs/ssgan_digits.py --workdir=runs/digits"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

_MODES = ("train", "sample")

_CONFIG = config_flags.DEFINE_config_file("config", None, "The experiment, e.g. configs/ssgan_digits.py.")
_MODE = flags.DEFINE_enum("mode", "train", _MODES, "What to do.")
_WORKDIR = flags.DEFINE_string("workdir", None, "The run's folder: checkpoints, samples and metrics.", required=True)
_CACHE = flags.DEFINE_string(
    "compilation_cache", None, "Folder of compiled programs; by default beside workdir. 'none' for no cache."
)
_DISTRIBUTED = flags.DEFINE_bool(
    "distributed", None, "Join the other processes of a TPU slice; needed where no variable tells of them."
)
_NUM = flags.DEFINE_integer("num", 64, "sample: how many images.")
_SEED = flags.DEFINE_integer("seed", 0, "sample: of the latents.")
_OUT = flags.DEFINE_string("out", "samples.png", "sample: a grid (.png), an array file (.npz), or a folder of PNGs.")
_STEP = flags.DEFINE_integer("step", None, "sample: which checkpoint; by default the newest.")
_WEIGHTS = flags.DEFINE_enum(
    "weights", "ema", ("ema", "raw"), "sample: the moving average, or the weights as they are."
)
_TRUNCATION = flags.DEFINE_float("truncation", None, "sample: normal latents beyond this are drawn again.")
_LABEL = flags.DEFINE_integer("label", None, "sample: one class for all images.")


def main(argv: Sequence[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}; options are written --name=value")
    try:
        stopped = _run()
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if stopped:
        sys.exit(128 + signal.Signals[stopped].value)


def _run() -> str | None:
    logging.set_verbosity(logging.WARNING)
    from gan_jax.runtime.processes import initialize_distributed

    initialize_distributed(distributed=_DISTRIBUTED.value)
    _use_compilation_cache()
    if _MODE.value == "sample":
        from gan_jax.sample import sample

        average = _WEIGHTS.value == "ema"
        sample(
            _WORKDIR.value, _OUT.value, _NUM.value, _SEED.value, _STEP.value, average, _TRUNCATION.value, _LABEL.value
        )
        return None
    if _CONFIG.value is None:
        raise ValueError("train needs --config, such as --config=configs/ssgan_digits.py")
    from gan_jax.train import train

    return train(_CONFIG.value, _WORKDIR.value)


def _use_compilation_cache() -> None:
    """A run that starts again need not compile again."""
    import jax

    if _CACHE.value == "none":
        return
    beside = Path(_WORKDIR.value).expanduser().absolute().parent / ".compilation_cache"
    jax.config.update("jax_compilation_cache_dir", os.fspath(_CACHE.value or beside))


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

"""Training a run, or going on with it where its newest checkpoint ends."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.command.flags import Flags, require

SCHEDULES = ("keep", "stretch")
INSTEAD = {
    "seed": "--config.seed={}",
    "steps": "--config.steps={}",
    "num": "--config.log.num_samples={}",
    "recipes": "--config.evaluate.during={} with --config.evaluate.every=ROUNDS",
    "images": "--config.data.source=folder --config.data.path={}",
    "out": "--workdir={}",
    "sweep": "--mode=sweep --sweep={}",
}


def declare(flags: Flags) -> None:
    """What `gan_jax train` takes."""
    flags.group("The run")
    flags.config("The experiment: a name that gan_jax configs lists, or a file. A folder's run knows its own.")
    flags.workdir("The run's folder: checkpoints, samples, metrics and scores.", needed="runs/digits")
    flags.text("profile", None, "A range of rounds such as 10:20, of which a trace is written to workdir/profile.")
    flags.group("A run that goes on")
    about = "With more --config.steps than it was begun with: its schedules as they were, or over the new length."
    flags.one_of("schedule", None, SCHEDULES, about)
    flags.switch("accept_new_data", False, "Although the data are not those that it was begun with.")
    flags.machine()


def run(values: FlagValues) -> str | None:
    """Plays `gan_jax train`. -> the signal that stopped it early, or None."""
    from gan_jax.run.training import train  # imported here: --help need not wait for JAX
    from gan_jax.run.work_folder import has_run, read_config
    from gan_jax.runtime.profile import parse_rounds

    if values.config is None and not has_run(values.workdir):
        require(values, "train", config="ssgan_digits")
    profile = None if values.profile is None else parse_rounds(values.profile)
    config = values.config or read_config(values.workdir)
    return train(config, values.workdir, profile, values.schedule, values.accept_new_data)

"""Scores: of a run's checkpoints, or of any two sets of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from absl.flags import FlagValues

from gan_jax.command.evaluating import pixel_range, refuse_what_is_not_used, refuse_what_no_recipe_uses
from gan_jax.command.flags import Flags, require
from gan_jax.evaluators.comparison import compare_runs
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.judge import Failed, judge, table
from gan_jax.evaluators.recipes.named import find_recipe, known_recipes
from gan_jax.evaluators.score import Score, append_scores, check_scores_file, read_scores
from gan_jax.features.published import cache_folder
from gan_jax.run.curves import draw_curves
from gan_jax.run.image_sets import open_reference, open_set
from gan_jax.run.scoring import Options, Scoring
from gan_jax.run.state import mesh_for, restore, saved_steps
from gan_jax.run.work_folder import read_config, require_same
from gan_jax.runtime.mesh import make_mesh
from gan_jax.runtime.processes.processes import is_first, say, warn
from gan_jax.runtime.storage import at
from gan_jax.runtime.workdir import check_new_file
from gan_jax.setup.setup import Setup
from gan_jax.verbs import along

_OF_IMAGES = ("swd", "ms_ssim")
_BATCH_SIZE = 64  # of sets of images
INSTEAD = {
    "num": "a recipe says how many images it takes, see --recipes=list",
    "steps": "--step={}, or --all",
    "label": "the scores by class, cas and cas_small, see --recipes=list",
    "sweep": "--mode=sweep --sweep={}",
}


class Unscored(RuntimeError):
    """Some recipes gave no score; what the others gave is kept."""


def declare(flags: Flags) -> None:
    """What `gan_jax evaluate` takes."""
    flags.group("A run")
    flags.workdir("Its folder; scores are appended to scores.jsonl there.")
    flags.config("May be given: its evaluate block takes the place of the run's, all else must be the run's.")
    flags.checkpoint()
    flags.switch("all", False, "Every checkpoint of the run.")
    flags.group("Or two sets of images")
    flags.path("images", None, "A folder, .zip or .npz file, scored in place of a run.")
    flags.path("reference", None, "What they are compared with: a folder, a .zip or .npz file, emoji, digits or faces.")
    flags.listed(
        "images_range", None, "Of float pixels in the .npz file of --images: black, white; such as 0,1.", "0,1"
    )
    flags.switch("skip_broken", False, "Leave out files of either that do not decode, and name them.")
    flags.path("out", None, "The file that their scores are appended to.", remote=True)
    flags.group("Or a look at scores")
    flags.listed("compare", None, "Two work folders, whose scores are shown side by side.", "runs/a,runs/b")
    flags.group("How")
    flags.listed("recipes", None, "Which scores; 'list' shows them. By default the config's.", "swd,ms_ssim")
    flags.integer("seed", 0, "Of all chance.")
    flags.number("truncation", None, "Normal latents beyond this are drawn again.")
    along.declare(flags)
    flags.text("sampler", None, "Which of the game's samplers, such as a_to_b; by default the config's, or the first.")
    flags.one_of("batch_norm", "running", ("running", "batch", "standing"), "The statistics of batch normalisation.")
    flags.path("classifier", None, "Weights that --mode=classifier wrote, for fd_<name>.")
    flags.listed(
        "extractor_weights", [], "Files of published weights, inception_2015=PATH or vgg16=PATH.", "vgg16=vgg16.npz"
    )
    flags.switch("force", False, "Scores of too few images, comparisons across protocols.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax evaluate`."""
    refuse_what_is_not_used(values)
    if values.compare:
        if len(values.compare) != 2:
            raise ValueError("--compare takes two work folders: --compare=runs/a,runs/b")
        print(compare_runs(*values.compare, force=values.force))
        return
    extractors = Extractors.named(values.extractor_weights, values.classifier)
    if values.recipes == ["list"]:
        print(list_recipes(extractors))
        return
    refuse_what_no_recipe_uses(
        values, {each: find_recipe(each, extractors.classifiers) for each in values.recipes or ()}
    )
    asked = {"batch_norm": values.batch_norm, "truncation": values.truncation, "sampler": values.sampler}
    asked["directions"] = tuple(along.chosen(values))
    options = Options(values.seed, values.weights == "ema", **asked, force=values.force)
    if values.images is not None:
        require(values, "evaluate --images", reference="digits")
        asked = (values.recipes, extractors, options, values.out, pixel_range(values.images_range))
        evaluate_images(values.images, values.reference, *asked, skip_broken=values.skip_broken)
        return
    require(values, "evaluate", workdir="runs/digits")
    steps = None if values.step is None else [values.step]
    evaluate_run(values.workdir, values.config, values.recipes, steps, values.all, extractors, options)


def evaluate_run(
    workdir: str | Path,
    config: Any = None,
    recipes: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
    every_step: bool = False,
    extractors: Extractors | None = None,
    options: Options | None = None,
) -> list[Score]:
    """Scores checkpoints of a run: the newest, those at `steps`, or every one. -> the scores, oldest step first.

    config: only its evaluate block is used; the rest must be the run's. recipes: in place of the config's.
    Each score is printed and appended to workdir/scores.jsonl as soon as it is known; workdir/scores.png shows all there.
    Raises Unscored at the end where recipes failed, ValueError for unknown ones, FileNotFoundError for missing runs.
    """
    workdir = at(workdir)
    own = Setup.of(read_config(workdir))
    if config is not None:
        given = Setup.of(config)
        require_same(workdir, given.config)
        own = own.changed(evaluate=given.config.get("evaluate", {}))
    _require_named(recipes)
    recipes = recipes or own.evaluate.recipes or _OF_IMAGES
    check_scores_file(workdir / "scores.jsonl")
    mesh = mesh_for(own)
    scoring = Scoring(
        own,
        mesh,
        recipes,
        subject=workdir.name,
        pictures=workdir / "scores",
        extractors=extractors,
        options=options,
    )
    saved = saved_steps(workdir)
    scored, failures = [], []
    for step in (saved if every_step else steps) or [None]:
        restored = restore(workdir, step)
        say(f"step {restored.step} of {workdir}")
        found, failed = _collect(scoring.of(restored.state, restored.phase, restored.step), workdir / "scores.jsonl")
        scored += found
        failures += [Failed(f"{name}, step {restored.step}", reason) for name, reason in failed]
        if is_first() and (workdir / "scores.jsonl").exists():
            draw_curves(read_scores(workdir / "scores.jsonl", quiet=True), workdir / "scores.png")
    _finish(scored, failures, f"{workdir / 'scores.jsonl'} and scores.png")
    return scored


def evaluate_images(
    images: str,
    reference: str,
    recipes: Sequence[str] | None = None,
    extractors: Extractors | None = None,
    options: Options | None = None,
    out: str | Path | None = None,
    images_range: tuple[float, float] | None = None,
    skip_broken: bool = False,
) -> list[Score]:
    """Scores a set of images against another, whoever made them. -> the scores.

    images, reference: a folder, a .zip or an .npz file, or the name of a data set that needs no settings, "emoji", "digits"
    or "faces", with "/test" behind it for that split; a data set by name is resized to the images' size.
    out: a file that the scores are appended to. images_range: black and white of float pixels in an .npz file of images.
    skip_broken: leave out files of either that do not decode.
    Raises Unscored at the end where recipes failed, and ValueError before anything is read where `out` is no file of scores,
    or the options are of a run.
    """
    _require_named(recipes)
    out = None if out is None else at(out)
    if out is not None:
        check_scores_file(out)
        check_new_file(out)
    if options is not None and dataclasses.replace(options, seed=0, batch_size=None, force=False) != Options():
        raise ValueError("average, batch_norm, truncation and sampler are of a run; images are scored as they are")
    options, extractors = options or Options(), extractors or Extractors()
    chosen = {name: find_recipe(name, extractors.classifiers) for name in recipes or _OF_IMAGES}
    fake = open_set(images, images_range, skip_broken)
    real = open_reference(reference, fake.shape, skip_broken)
    for path, each in ((images, fake), *{id(each): (reference, each) for each in real.values()}.values()):
        say("\n  ".join([f"{path}: {len(each):,} images, {each.name}", *each.notes]))
    evidence = Evidence(
        fake=fake,
        real={split: lambda each=each: each for split, each in real.items()},
        open_extractor=extractors.open,
        mesh=make_mesh(),
        seed=options.seed,
        batch_size=options.batch_size or _BATCH_SIZE,
        cache=cache_folder() / "references",
        pictures=None if out is None else out.parent,
        force=options.force,
    )
    scored, failures = _collect(judge(evidence, chosen, {"subject": str(images)}), out)
    _finish(scored, failures, str(out) if out else None)
    return scored


def list_recipes(extractors: Extractors | None = None) -> str:
    """Every recipe, a line each."""
    known = known_recipes((extractors or Extractors()).classifiers)
    return "\n".join(f"{name:24}{about}" for name, about in known.items())


def _require_named(recipes: Sequence[str] | None) -> None:
    if recipes is not None and not recipes:
        raise ValueError("no recipe is named: give one or more, such as swd, or None for those of the config")


def _collect(results: Iterable[list[Score] | Failed], path: Path | None) -> tuple[list[Score], list[Failed]]:
    """Prints and keeps each score as it comes."""
    scored: list[Score] = []
    failures: list[Failed] = []
    for result in results:
        if isinstance(result, Failed):
            failures.append(result)
            warn(f"  {result.recipe}: no score: {result.reason}")
            continue
        scored += result
        for score in result:
            spread = "" if score.spread is None else f" +- {score.spread:.2g}"
            say(f"  {score.name} {score.value:.5g}{spread} ({score.seconds:.0f} s)")
        if is_first() and path is not None:
            append_scores(path, result)
    return scored, failures


def _finish(scored: Sequence[Score], failures: Sequence[Failed], where: str | None) -> None:
    if scored:
        say("\n" + table(scored))
        if where:
            say(f"in {where}")
    if failures:
        told = "\n  ".join(f"{name}: {reason}" for name, reason in failures)
        needs = "need no downloads, no classes and no test split"
        rest = "" if scored else f"\n{' and '.join(_OF_IMAGES)} {needs}: --recipes={','.join(_OF_IMAGES)}"
        raise Unscored(f"{len(failures)} recipe(s) gave no score:\n  {told}{rest}")

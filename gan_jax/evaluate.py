"""Scores: of a run's checkpoints, or of any two sets of images."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax

from gan_jax import build
from gan_jax.curves import draw_curves
from gan_jax.data import EightBit, Preprocessing, Source, inspect_source, open_source
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.judge import Failed, judge, table
from gan_jax.evaluators.recipes import find_recipe, known_recipes
from gan_jax.evaluators.score import Score, append_scores, compare, read_scores
from gan_jax.features.published import cache_folder
from gan_jax.restoring import mesh_for, restore, saved_steps
from gan_jax.runtime.mesh import make_mesh
from gan_jax.scoring import Options, Scoring
from gan_jax.work_folder import read_config, require_same

_OF_IMAGES = ("swd", "ms_ssim")
_BY_NAME = {"emoji": "bicubic", "digits": "bicubic", "faces": "box"}  # and how each is resized; faces: as its size 32


class Unscored(RuntimeError):
    """Some recipes gave no score; what the others gave is kept."""


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
    workdir = Path(workdir).expanduser()
    own = build.resolve(read_config(workdir))
    if config is not None:
        given = build.resolve(config)
        require_same(workdir, given)
        own = {**own, "evaluate": given.get("evaluate", {})}
    settings = own.get("evaluate", {})
    recipes = recipes or settings.get("recipes") or _OF_IMAGES
    if options is None:
        options = Options(batch_size=settings.get("batch_size", 64))
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
        _say(f"step {restored.step} of {workdir}")
        found, failed = _collect(
            scoring.of(restored.method, restored.state, restored.phase, restored.step), workdir / "scores.jsonl"
        )
        scored += found
        failures += [Failed(f"{name}, step {restored.step}", reason) for name, reason in failed]
        if jax.process_index() == 0 and (workdir / "scores.jsonl").exists():
            draw_curves(read_scores(workdir / "scores.jsonl"), workdir / "scores.png")
    _finish(scored, failures, f"{workdir / 'scores.jsonl'} and scores.png")
    return scored


def evaluate_images(
    images: str,
    reference: str,
    recipes: Sequence[str] | None = None,
    extractors: Extractors | None = None,
    options: Options | None = None,
    out: str | Path | None = None,
) -> list[Score]:
    """Scores a set of images against another, whoever made them. -> the scores.

    images, reference: a folder or an .npz file, or the name of a data set that needs no settings, "emoji", "digits"
    or "faces", with "/test" behind it for that split; a data set by name is resized to the images' size.
    out: a file that the scores are appended to. Raises Unscored at the end where recipes failed.
    """
    options, extractors = options or Options(), extractors or Extractors()
    chosen = {name: find_recipe(name, extractors.classifiers) for name in recipes or _OF_IMAGES}
    fake = _open_set(images)
    real = _open_reference(reference, fake.shape)
    for each in (fake, *{id(each): each for each in real.values()}.values()):
        _say(f"{each.name}: {len(each):,} images")
    evidence = Evidence(
        fake=fake,
        real={split: lambda each=each: each for split, each in real.items()},
        open_extractor=extractors.open,
        mesh=make_mesh(),
        seed=options.seed,
        batch_size=options.batch_size,
        cache=cache_folder() / "references",
        pictures=Path(out).parent if out else None,
        force=options.force,
    )
    scored, failures = _collect(judge(evidence, chosen, {"subject": fake.name}), Path(out) if out else None)
    _finish(scored, failures, str(out) if out else None)
    return scored


def compare_runs(first: str | Path, second: str | Path, force: bool = False) -> str:
    """The newest score of each name in two work folders (or scores.jsonl files), side by side, as a table of text.

    Raises ValueError where a pair follows different protocols, unless forced.
    """
    newest = [{score.name: score for score in _scores_of(path)} for path in (first, second)]
    shared = [name for name in newest[0] if name in newest[1]]
    if not shared:
        raise ValueError(f"{first} and {second} have no score of the same name")
    lines = [f"{'score':32}{Path(first).name:>20}{Path(second).name:>20}{'difference':>14}"]
    for name in shared:
        one, other = newest[0][name], newest[1][name]
        lines.append(f"{name:32}{one.value:20.5g}{other.value:20.5g}{compare(one, other, force):+14.5g}")
    return "\n".join(lines)


def list_recipes(extractors: Extractors | None = None) -> str:
    """Every recipe, a line each."""
    known = known_recipes((extractors or Extractors()).classifiers)
    return "\n".join(f"{name:24}{about}" for name, about in known.items())


def _scores_of(path: str | Path) -> list[Score]:
    path = Path(path).expanduser()
    path = path / "scores.jsonl" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"there are no scores in {path}: --mode=evaluate writes them")
    return sorted(read_scores(path), key=lambda score: score.step or 0)


def _open_set(name: str) -> EightBit:
    """The images of a folder, an .npz file, or a data set by name, as they are."""
    path = Path(name).expanduser()
    if path.is_dir():
        return _as_it_is(open_source("folder", path=str(path)))
    if path.suffix == ".npz":
        return _as_it_is(open_source("arrays", path=str(path)))
    source, _, split = name.partition("/")
    if source not in _BY_NAME:
        raise FileNotFoundError(f"{name} is no folder, no .npz file, and none of the data sets {', '.join(_BY_NAME)}")
    return _as_it_is(open_source(source, split=split or "train"), split or "train")


def _open_reference(name: str, shape: tuple[int, ...]) -> dict[str, EightBit]:
    """By split. One set of images stands for both; a data set by name is resized to `shape`."""
    source, _, split = name.partition("/")
    if source not in _BY_NAME or Path(name).exists():
        return dict.fromkeys(("train", "test"), _open_set(name))
    fitted = lambda part: EightBit(open_source(source, split=part), Preprocessing(shape, filter=_BY_NAME[source]), part)
    return (
        dict.fromkeys(("train", "test"), fitted(split)) if split else {"train": fitted("train"), "test": fitted("test")}
    )


def _as_it_is(source: Source, split: str | None = None) -> EightBit:
    sizes = inspect_source(source).sizes
    if len(sizes) > 1:
        told = ", ".join(" x ".join(map(str, size)) for size in list(sizes)[:3])
        raise ValueError(f"{source!r} holds images of different sizes ({told}, ...): scores compare images of one size")
    (size,) = sizes
    return EightBit(
        source, Preprocessing(size, resize="none", crop="none"), split if split in ("train", "test") else None
    )


def _collect(results: Iterable[list[Score] | Failed], path: Path | None) -> tuple[list[Score], list[Failed]]:
    """Prints and keeps each score as it comes."""
    scored: list[Score] = []
    failures: list[Failed] = []
    for result in results:
        if isinstance(result, Failed):
            failures.append(result)
            _say(f"  {result.recipe}: no score: {result.reason}", sys.stderr)
            continue
        scored += result
        if jax.process_index() == 0 and path is not None:
            append_scores(path, result)
        for score in result:
            spread = "" if score.spread is None else f" +- {score.spread:.2g}"
            _say(f"  {score.name} {score.value:.5g}{spread} ({score.seconds:.0f} s)")
    return scored, failures


def _finish(scored: Sequence[Score], failures: Sequence[Failed], where: str | None) -> None:
    if scored:
        _say("\n" + table(scored))
        if where:
            _say(f"in {where}")
    if failures:
        told = "\n  ".join(f"{name}: {reason}" for name, reason in failures)
        raise Unscored(f"{len(failures)} recipe(s) gave no score:\n  {told}")


def _say(text: str, stream: Any = None) -> None:
    if jax.process_index() == 0:
        print(text, file=stream or sys.stdout, flush=True)

"""The scores of two runs, side by side."""

from __future__ import annotations

from pathlib import Path

from gan_jax.evaluators.score import Score, compare, read_scores


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


def _scores_of(path: str | Path) -> list[Score]:
    path = Path(path).expanduser()
    path = path / "scores.jsonl" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"there are no scores in {path}: --mode=evaluate writes them")
    return sorted(read_scores(path), key=lambda score: score.step or 0)

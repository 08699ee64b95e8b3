"""docs/runs.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_promise_names_a_test_that_there_is():
    page = (ROOT / "docs" / "runs.md").read_text()
    there = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"\b(test_\w+)`", page)
    assert len(named) > 25
    assert not [name for name in named if f"def {name}(" not in there]
    assert all((ROOT / path).is_file() for path in re.findall(r"`(tests/[\w/]+\.py)", page))

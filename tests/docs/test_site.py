"""The documentation site holds every page, and is built without a warning."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def test_every_page_is_listed_once():
    trees = re.findall(r"```{toctree}\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    listed = [line for line in "".join(trees).splitlines() if line and not line.startswith(":")]
    pages = {str(file.relative_to(DOCS).with_suffix("")) for file in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(pages - {"index"})


@pytest.mark.slow
def test_it_is_built_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    assert (tmp_path / "index.html").exists() and (tmp_path / "methods" / "ssgan.html").exists()

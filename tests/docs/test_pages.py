"""What the documentation points at is there: files, headings, pictures, configs; and what it tells one to type is understood."""

import functools
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from gan_jax.command.parsing import parse
from gan_jax.main import COMMANDS, find, split_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
METHODS = sorted((ROOT / "docs" / "methods").glob("*.md"))
INDEX = ROOT / "docs" / "methods" / "README.md"
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def _name(page):
    return str(page.relative_to(ROOT))


@functools.cache
def _anchors(page):
    """The names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page):
    broken = []
    for link in (a or b for a, b in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in _anchors(there)):
            broken.append(link)
    assert not broken


def _commands(text):
    """Indented lines that begin with the command, without comments; a line that ends in a backslash goes on."""
    lines = re.findall(r"^    (?:gan_jax|python -m gan_jax\.main) (.+)$", text.replace("\\\n", " "), re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("page", [*METHODS, ROOT / "docs" / "toys.md"], ids=_name)
def test_commands_are_understood(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    for words in _commands(page.read_text(encoding="utf-8")):
        command, argv = split_command(["gan_jax", *words])
        parse(command or "train", argv, find, list(COMMANDS))


@pytest.mark.parametrize("page", [page for page in METHODS if page != INDEX], ids=_name)
def test_a_page_names_configs_and_files_that_there_are(page):
    text = page.read_text(encoding="utf-8")
    files = re.findall(r"`((?:\w+/)*\w+\.py)`", text)
    folders = (ROOT / "gan_jax", ROOT, ROOT / "gan_jax" / "regularizers")
    assert any((ROOT / "gan_jax" / name).is_file() for name in files)
    assert not [name for name in files if not any((folder / name).is_file() for folder in folders)]
    configs = {name.removesuffix(".py") for name in re.findall(r"--config=(?:configs/)?([\w.]+)", text)}
    assert configs and not [name for name in configs if not (ROOT / "configs" / f"{name}.py").is_file()]


def test_the_index_has_every_page_and_every_config_that_it_names():
    text = INDEX.read_text(encoding="utf-8")
    assert {page.name for page in METHODS} - {INDEX.name} == set(
        re.findall(r"^\| \[[^]]+\]\((\w+\.md)\)", text, re.MULTILINE)
    )
    begin_with = re.findall(r"^\| \[[^]]+\]\(\w+\.md\) \|[^|]*\| `(\w+)` \|", text, re.MULTILINE)
    assert len(begin_with) == len(METHODS) - 1
    assert not [name for name in begin_with if not (ROOT / "configs" / f"{name}.py").is_file()]


def test_pictures_of_methods_are_small():
    sizes = [path.stat().st_size for path in (ROOT / "docs" / "images" / "methods").iterdir()]
    assert max(sizes) < 60_000 and sum(sizes) < 1_500_000


def test_the_commands_behind_the_pictures_are_understood(tmp_path, monkeypatch):
    """The script is played with a stand-in for Python, which writes down what it is told."""
    said, stand_in = tmp_path / "said", tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {said}\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    script = ROOT / "benchmarks" / "method_pictures.sh"
    subprocess.run(["bash", str(script), str(tmp_path / "runs")], check=True, capture_output=True)
    monkeypatch.chdir(ROOT)
    trained = [line.split()[2:] for line in said.read_text().splitlines() if line.startswith("-m gan_jax.main train")]
    assert len(trained) > 25
    for words in trained:
        command, argv = split_command(["gan_jax", *words])
        parse(command, argv, find, list(COMMANDS))

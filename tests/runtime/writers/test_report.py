"""Pages of paragraphs, tables and pictures."""

import re

import numpy as np
import pytest

from gan_jax.runtime.writers.images import save_png
from gan_jax.runtime.writers.report import Picture, Table, write_report


def test_a_page_holds_all_that_it_shows(tmp_path):
    save_png(tmp_path / "a.png", np.zeros((3, 4, 3), np.uint8))
    parts = [
        "Two < three.",
        Table(("name", "number"), [("a & b", 0.123456), ("none", None), ("not", float("nan")), ("whole", np.int64(7))]),
        Picture(tmp_path / "a.png", "a file"),
        Picture(np.full((2, 2, 1), 9, np.uint8), 'an "array"'),
    ]
    write_report(tmp_path / "index.html", "A <title>", parts)
    page = (tmp_path / "index.html").read_text()
    assert "<h1>A &lt;title&gt;</h1>" in page and "<p>Two &lt; three.</p>" in page
    assert "<td>a &amp; b</td>" in page and '<td class="number">0.1235</td>' in page and "<td>-</td>" in page
    assert '<td class="number">7</td>' in page
    assert page.count("data:image/png;base64,") == 2 and not re.search(r"(src|href)=.(?!data:)", page)


def test_a_picture_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "index.html", "x", [Picture(tmp_path / "none.png", "")])

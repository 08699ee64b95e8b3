"""The page without a server."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from gan_jax.analysis.scenes import Scene, pixels
from gan_jax.explore.export import STOPS, Plan, export


@pytest.fixture(scope="module")
def folder(answers, tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "page"
    assert export(answers.studio, "small </script>", out, Plan.of(answers.studio, 2, (1.0, 0.5))) == 2 * 2 * 7
    return out


def test_each_picture_stands_in_its_place(folder, answers):
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "pictures"]
    sheet = np.asarray(Image.open(folder / "pictures" / "0001.png"))
    assert sheet.shape == (2 * 8, 7 * 8, 3)
    for row, truncation in enumerate((1.0, 0.5)):
        for column, amount in enumerate((0.0, *STOPS)):
            scene = Scene(index=1, truncation=truncation, directions={"turn": amount} if amount else {})
            tile = sheet[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            np.testing.assert_array_equal(tile, pixels(answers.studio.image(scene)))


def test_the_page_is_whole(folder):
    html = (folder / "index.html").read_text()
    assert not re.search(r"https?://|@FACTS@|/\* page.css \*/", html)
    said = json.loads(re.search(r'id="said">(.*?)</script>', html, re.S)[1])
    assert said["title"] == "small </script>" and said["truncations"] == [1.0, 0.5] and said["num"] == 2


def test_a_truncation_that_there_is_not_is_refused(answers):
    with pytest.raises(ValueError, match="truncation must be"):
        Plan.of(answers.studio, 1, (float("inf"),))

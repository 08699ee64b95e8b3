"""Voxels as pictures, and the page that turns them."""

import base64
import json
import re

import numpy as np
import pytest

from gan_jax.runtime.writers.images import side_by_side
from gan_jax.runtime.writers.shapes_page import shapes_page
from gan_jax.runtime.writers.voxels import shaded_views

L = np.zeros((8, 8, 8), bool)
L[:, 7, 2:7] = True  # a floor
L[0, 2:7, 2] = True  # a post at its near left corner


def test_a_shape_is_seen_from_where_one_stands():
    front, right, back = np.split(shaded_views(L[None, ..., None], 48, (0, 90, 180), 0.0)[0, ..., 0], 3, axis=1)
    full = lambda picture: picture < 1
    columns = lambda picture: np.flatnonzero(full(picture)[8:24].any(0))  # of the post
    assert columns(front).mean() < 20 and columns(back).mean() > 28  # at the left; from behind at the right
    assert columns(right).mean() < 16  # from the right the near side is at the left
    assert full(front)[30:].any() and not full(front)[:6].any()
    above = shaded_views(L[None, ..., None], 48, (0,), 89.0)[0, ..., 0]
    assert full(above).sum() > 3 * full(front).sum()  # the floor
    assert shaded_views(np.zeros((2, 4, 4, 4, 1))).min() == 1  # nothing there
    assert shaded_views(np.ones((1, 4, 6, 8, 1), np.float32)).shape == (1, 64, 128, 1)


def test_columns_of_several_heights():
    small, large = np.zeros((2, 4, 3, 1)), np.ones((2, 8, 2, 3))
    assert side_by_side([small, large]).shape == (2, 8, 8, 3)
    with pytest.raises(ValueError, match="of one height and number"):
        side_by_side([np.zeros((2, 3, 3, 1)), large])


def test_the_page_holds_all_that_it_shows(tmp_path):
    voxels = np.stack([L, ~L])[..., None].astype(np.float32)
    shapes_page(tmp_path / "page.html", voxels, ["a post </script>", "b"], "<Shapes>")
    text = (tmp_path / "page.html").read_text()
    assert "&lt;Shapes&gt;" in text and text.count("</script>") == 2
    assert not re.search(r"(src|href)=|https?://|import |fetch\(", text)  # nothing from elsewhere
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)[1])
    assert facts["size"] == [8, 8, 8] and [each["name"] for each in facts["shapes"]] == ["a post </script>", "b"]
    bits = np.unpackbits(np.frombuffer(base64.b64decode(facts["shapes"][0]["bits"]), np.uint8))
    np.testing.assert_array_equal(bits.reshape(8, 8, 8), L)
    with pytest.raises(ValueError, match="400 shapes at most"):
        shapes_page(tmp_path / "page.html", np.zeros((401, 2, 2, 2, 1)))
    with pytest.raises(ValueError, match="1 names of 2 shapes"):
        shapes_page(tmp_path / "page.html", voxels, ["a"])

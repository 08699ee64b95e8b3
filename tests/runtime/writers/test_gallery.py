"""The page of pictures."""

import base64
import io
import re

import numpy as np
from PIL import Image

from gan_jax.runtime.writers.gallery import Row, write_gallery


def test_a_page_holds_its_pictures_and_says_names_as_they_are(tmp_path):
    grey, red = np.full((4, 6, 1), 90, np.uint8), np.full((4, 6, 3), (200, 0, 0), np.uint8)
    rows = [
        Row('<b>"&', {"a": grey, "translation": red}, {"error": 0.123456}),
        Row("\udcff.png", {"a": red}, {}),
    ]
    write_gallery(tmp_path / "page.html", "A < B", "Two & no more.", rows)
    page = (tmp_path / "page.html").read_text()
    assert "<h1>A &lt; B</h1>" in page and "Two &amp; no more." in page and "<td>&lt;b&gt;&quot;&amp;</td>" in page
    assert "<th>name</th><th>a</th><th>translation</th><th>error</th>" in page
    assert '<td class="number">0.1235</td>' in page and page.count("<tr>") == 3 and "http" not in page
    pictures = re.findall(r"base64,([^\"]+)\"", page)
    found = [Image.open(io.BytesIO(base64.b64decode(each))) for each in pictures]
    assert [image.mode for image in found] == ["L", "RGB", "RGB"]
    np.testing.assert_array_equal(np.asarray(found[1]), red)

"""Every address of the page, asked well and badly, without a browser."""

import base64
import io
import json
import re
import socket
import threading

import numpy as np
import pytest
from PIL import Image

from gan_jax.analysis.scenes import Scene, pixels
from gan_jax.explore.access import Access
from gan_jax.explore.server import FILES, address, bound

LAYER = "synthesis/block1"


def image_of(body):
    with Image.open(io.BytesIO(body)) as picture:
        return np.asarray(picture)


def test_the_page_and_its_files(page):
    status, kind, html = page.ask("/")
    assert status == 200 and kind.startswith("text/html")
    for name in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', html.decode()):
        assert page.ask(f"/{name}")[0] == 200
    for name in FILES:
        status, kind, body = page.ask(f"/{name}")
        assert status == 200 and kind.startswith("text/") and body
        assert not re.search(rb"https?://", body), "nothing is fetched from elsewhere"


def test_what_there_is_to_turn(page):
    status, kind, body = page.ask("/api/model")
    told = json.loads(body)
    assert (status, kind.partition(";")[0]) == (200, "application/json")
    assert (told["name"], told["height"], told["classes"], told["styles"]) == ("small", 8, 3, 4)
    assert [each["name"] for each in told["directions"]] == ["turn"]
    assert [each["name"] for each in told["layers"]] == ["synthesis/block0", LAYER]


def test_a_picture_is_the_scene(page, answers):
    scene = Scene(seed=2, index=3, truncation=0.7, label=1, directions={"turn": 1.0})
    status, kind, body = page.ask("/api/picture", {"scene": scene.as_json()})
    assert (status, kind) == (200, "image/png")
    np.testing.assert_array_equal(image_of(body), pixels(answers.studio.image(scene)))


def test_units_are_shown_as_they_would_fire(page, answers):
    off = {"layers": {LAYER: {"remove": [0, 1, 2, 3]}}}
    told = [json.loads(page.ask("/api/units", {"scene": scene, "layer": LAYER})[2]) for scene in ({}, off)]
    assert told[0] == told[1], "what is done to the layer itself is left out"
    units = answers.studio.abilities.layers[LAYER][2]
    assert len(told[0]["levels"]) == len(told[0]["here"]) == units
    sheet = image_of(base64.b64decode(told[0]["sheet"]))
    assert sheet.shape == (8, 8 * told[0]["columns"]) and not sheet[:, 8 * units :].any()
    fired = answers.studio.activations(Scene())[LAYER] / np.maximum(answers.studio.levels[LAYER], 1e-6)
    np.testing.assert_array_equal(sheet[:, :8], np.round(np.clip(fired[..., 0], 0, 1) * 255))


def test_a_gif_goes_to_and_fro(page):
    asked = {"scene": {"other": [0, 1]}, "sweep": "between", "frames": 4, "fps": 10}
    status, kind, body = page.ask("/api/gif", asked)
    assert (status, kind) == (200, "image/gif")
    with Image.open(io.BytesIO(body)) as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (4, (256, 256), 100)


def test_code_names_what_it_needs(page):
    status, kind, body = page.ask("/api/code", {"scene": {"index": 4, "other": [0, 1], "directions": {"turn": 1.0}}})
    code = body.decode()
    assert status == 200 and kind.startswith("text/x-python")
    assert "sampler = small()" in code and "turn.json" in code and "Scene(index=4, directions={'turn': 1.0})" in code
    assert "read(" not in page.ask("/api/code", {"scene": {}})[2].decode()


@pytest.mark.parametrize(
    "path, body, told",
    [
        ("picture", b"{", "the request is no JSON"),
        ("picture", b"\xff\xfe", "the request is no JSON"),
        ("picture", b"[" * 100_000, "no JSON"),
        ("picture", [], "a request is a JSON object with scene"),
        ("picture", {}, "the request lacks scene"),
        ("picture", {"scene": {}, "sweep": "x"}, "has no 'sweep'"),
        ("picture", b'{"scene": {"truncation": NaN}}', "NaN is no number"),
        ("picture", {"scene": {"seed": -1}}, "a seed is from 0"),
        ("picture", {"scene": {"label": 3}}, "label must be 0 to 2, got 3"),
        ("picture", {"scene": {"layers": {LAYER: {"remove": [99]}}}}, "has units 0 to"),
        ("picture", {"scene": {"layers": {LAYER: {"remove": [1], "where": "AA=="}}}}, "takes 8 bytes"),
        ("units", {"scene": {}, "layer": "block7"}, "no layer 'block7'"),
        ("units", {"scene": {}, "layer": [1]}, "no layer"),
        ("gif", {"scene": {}, "sweep": 3}, "a sweep is a name"),
        ("gif", {"scene": {}, "sweep": "turn", "frames": 1e3}, "frames must be a whole number"),
        ("gif", {"scene": {}, "sweep": "turn", "fps": 0}, "fps must be from 1 to 50"),
        ("code", {"scene": {"directions": {"trun": 1}}}, "did you mean 'turn'"),
    ],
)
def test_a_bad_request_gets_a_sentence(page, capfd, path, body, told):
    status, sentence = page.refused(f"/api/{path}", body)
    assert status == 400 and told in sentence
    assert "Traceback" not in capfd.readouterr().err


def test_other_ways_of_asking_are_refused(page):
    assert page.refused("/nothing")[0] == page.refused("/../pyproject.toml")[0] == 404
    assert page.refused("/api/picture")[0] == 405
    plain = {"Content-Type": "text/plain"}  # what another site's page may send without being asked
    assert page.refused("/api/picture", {"scene": {}}, plain) == (
        400,
        "a request is JSON: send it with Content-Type: application/json",
    )


def test_many_at_once_get_each_its_own(page, answers):
    scenes = [Scene(index=i, truncation=0.5 + 0.05 * i) for i in range(12)]
    made = [None] * len(scenes)

    def ask(i):
        made[i] = page.ask("/api/picture", {"scene": scenes[i].as_json()})[2]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(scenes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scene, body in zip(scenes, made, strict=True):
        np.testing.assert_array_equal(image_of(body), pixels(answers.studio.image(scene)))


def test_a_page_of_another_site_cannot_have_its_name_point_here(page):
    assert page.ask("/api/model", headers={"Host": f"localhost:{page.port}"})[0] == 200
    assert page.ask("/api/model", headers={"Host": f"[::1]:{page.port}"})[0] == 200
    status, sentence = page.refused("/api/model", headers={"Host": f"evil.example:{page.port}"})
    assert status == 403 and "asked for as localhost" in sentence


def test_beyond_loopback_a_token_is_needed(answers, serving):
    access = Access.of("0.0.0.0")
    assert access.token and access.token != Access.of("0.0.0.0").token
    assert Access.of("127.0.0.1").token is Access.of("localhost").token is Access.of("::1").token is None
    with serving(answers, access) as served:
        assert address(served.sockets, access).endswith(f":{served.port}/?token={access.token}")
        for path in ("/", "/page.js", "/api/model", "/nothing"):
            assert served.refused(path)[0] == 403
        assert served.refused("/?token=wrong")[0] == 403
        assert served.refused("/api/picture", {"scene": {}})[0] == 403
        assert served.ask(f"/?token={access.token}")[0] == 200
        cookie = {"Cookie": f"gan_jax_explore_{served.port}={access.token}"}
        assert served.ask("/api/model", headers=cookie)[0] == 200
        bearer = {"Authorization": f"Bearer {access.token}"}
        assert served.ask("/api/picture", {"scene": {}}, bearer)[0] == 200


def test_a_port_that_is_taken_is_said():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1 is taken.*--port=0"):
            bound("127.0.0.1", port)
    with pytest.raises(OSError, match="is no address of this machine"):
        bound("203.0.113.7", 0)

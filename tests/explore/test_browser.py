"""The page in a browser: each control, and what it does to the pictures."""

import ast
import io
import json
import shutil
import threading
import time
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.analysis.directions import Direction, generator_hash
from gan_jax.analysis.scenes import Scene, Studio, Units, pixels
from gan_jax.analysis.scenes.mask import unpacked
from gan_jax.explore.answers import Answers
from gan_jax.explore.export import Plan, export

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip(
        "the page is tried in Chromium, which is not installed: apt-get install chromium", allow_module_level=True
    )
playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser is driven by playwright: pip install playwright"
)

MODEL, LAYER = "stylegan2_faces", "synthesis/block2"


@pytest.fixture(scope="module")
def studio():
    sampler = gan_jax.load(MODEL).sampler
    vector = np.random.default_rng(0).normal(size=64)
    made = Studio(sampler, [Direction("turn", "w", vector, "a test", "one step", generator_hash(sampler))])
    made.image(Scene())  # compiled before a browser waits for it
    return made


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(studio, serving, tmp_path_factory):
    path = tmp_path_factory.mktemp("directions") / "turn.json"
    path.write_text(studio.directions["turn"].as_json())
    loading = f"sampler = gan_jax.load({MODEL!r}).sampler"
    with serving(Answers(studio, MODEL, loading, {"turn": path})) as page:
        yield page


@pytest.fixture
def page(served, chromium):
    """A new page, ready. Errors of its scripts fail the test."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"http://127.0.0.1:{served.port}/")
    settled(page)
    yield page
    assert not errors
    context.close()


def settled(page):
    """Waits until the newest scene is the one that is shown."""
    until(page, "!document.body.dataset.busy && document.getElementById('picture').dataset.drawn")


def until(page, expression):
    """Waits for it. Playwright's own way is against the page's policy, which knows no eval."""
    end = time.monotonic() + 60
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def shown(page):
    """The picture's pixels, uint8 [H, W, 4]."""
    settled(page)
    size = page.evaluate("[picture.height, picture.width]")
    text = page.evaluate("Array.from(picture.getContext('2d').getImageData(0, 0, picture.width, picture.height).data)")
    return np.asarray(text, np.uint8).reshape(*size, 4)


def same(page, studio, scene):
    """Asserts that the page shows this scene, to the bit."""
    made = pixels(studio.image(scene))
    np.testing.assert_array_equal(shown(page)[..., :1], made[..., :1])


def slide(page, name, value):
    page.locator(f"#{name}").evaluate(f"(it) => {{ it.value = {value}; it.dispatchEvent(new Event('input')); }}")


def test_image_controls(page, studio):
    same(page, studio, Scene())
    page.locator("#seed").fill("7")
    page.locator("#index").fill("3")
    page.keyboard.press("Enter")
    same(page, studio, Scene(seed=7, index=3))
    slide(page, "truncation", 0.5)
    same(page, studio, Scene(seed=7, index=3, truncation=0.5))
    for noise, label in (("fixed", "one for all"), ("none", "none")):
        page.locator("#noise-row").get_by_text(label, exact=True).click()
        same(page, studio, Scene(seed=7, index=3, truncation=0.5, noise=noise))
    page.locator("#truncation-off").click()
    same(page, studio, Scene(seed=7, index=3, noise="none"))
    page.get_by_role("button", name="Image 5").click()
    same(page, studio, Scene(seed=7, index=5, noise="none"))
    page.reload()  # the address holds the scene
    same(page, studio, Scene(seed=7, index=5, noise="none"))
    page.get_by_role("button", name="Images after these").click()
    page.get_by_role("button", name="Image 12").click()
    same(page, studio, Scene(seed=7, index=12, noise="none"))
    before = page.locator("#seed").input_value()
    page.locator("#random").click()
    settled(page)
    assert page.locator("#seed").input_value() != before
    page.locator("#reset").click()
    same(page, studio, Scene())


def test_mixing_directions_and_comparing(page, studio):
    page.locator("#other-index").fill("9")
    page.keyboard.press("Enter")
    slide(page, "between", 0.5)
    same(page, studio, Scene(other=(0, 9), between=0.5))
    page.locator("#styles").get_by_text("4", exact=True).click()
    page.locator("#styles").get_by_text("5", exact=True).click()
    same(page, studio, Scene(other=(0, 9), between=0.5, mixed=(4, 5)))
    slide(page, "direction-0", 1.5)
    same(page, studio, Scene(other=(0, 9), between=0.5, mixed=(4, 5), directions={"turn": 1.5}))
    box = page.locator("#compare").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    same(page, studio, Scene())
    page.mouse.up()
    same(page, studio, Scene(other=(0, 9), between=0.5, mixed=(4, 5), directions={"turn": 1.5}))
    page.get_by_role("button", name="turn to 0").click()
    same(page, studio, Scene(other=(0, 9), between=0.5, mixed=(4, 5)))


def test_units_and_the_brush(page, studio):
    page.get_by_text("Units of a layer").click()
    page.locator("#layer").select_option(LAYER)
    page.locator("#order").select_option("number")
    page.wait_for_selector(".unit[data-unit='31']")
    inked = "overlay.getContext('2d').getImageData(0, 0, overlay.width, overlay.height).data.some((x) => x)"
    assert not page.evaluate(inked)
    here = studio.activations(Scene())[LAYER].max((0, 1)) / np.maximum(studio.levels[LAYER], 1e-6)
    first, second = (int(unit) for unit in np.argsort(-here)[:2])
    page.locator(f".unit[data-unit='{first}']").click()
    assert page.evaluate(inked), "where it fires is shown over the picture"
    page.get_by_text("removes it").click()
    page.locator(f".unit[data-unit='{first}']").click()
    same(page, studio, Scene(layers={LAYER: Units(remove=(first,))}))
    page.get_by_text("inserts it").click()
    slide(page, "strength", 2)
    page.locator(f".unit[data-unit='{second}']").click()
    level = float(f"{2 * float(f'{studio.levels[LAYER][second]:.4g}'):.4g}")
    same(page, studio, Scene(layers={LAYER: Units((first,), {second: level})}))
    page.get_by_text("where I paint").click()
    same(page, studio, Scene())
    box = page.locator("#overlay").bounding_box()
    places = studio.abilities.layers[LAYER][0]
    step = box["width"] / places
    page.mouse.move(box["x"] + 4.5 * step, box["y"] + 6.5 * step)
    page.mouse.down()
    page.mouse.move(box["x"] + 8.5 * step, box["y"] + 6.5 * step, steps=8)
    page.mouse.up()
    scene = scene_of(page)
    mask = scene.layers[LAYER].where
    painted = np.argwhere(unpacked(mask, (places, places)))
    assert painted.tolist() == [[6, x] for x in range(4, 9)]
    same(page, studio, scene)
    assert np.abs(studio.image(scene) - studio.image(Scene())).max() > 0.01
    page.reload()
    same(page, studio, scene)
    page.get_by_text("Units of a layer").click()
    page.locator("#layer").select_option(LAYER)
    page.locator("#wipe").click()
    same(page, studio, Scene())
    page.locator("#clear-layer").click()
    same(page, studio, Scene())


def scene_of(page):
    """What the address of the page says."""
    settled(page)
    return Scene.of(json.loads(unquote(page.url.partition("#")[2])))


def test_what_is_saved_is_what_is_seen(page, studio, tmp_path, monkeypatch):
    slide(page, "truncation", 0.6)
    slide(page, "direction-0", 2)
    page.locator("#styles").get_by_text("2", exact=True).click()
    seen = shown(page)[..., :1]
    with page.expect_download() as download:
        page.locator("#save-png").click()
    np.testing.assert_array_equal(np.asarray(Image.open(download.value.path()))[..., None], seen)

    page.locator("#sweep").select_option("turn")
    page.locator("#frames").fill("4")
    with page.expect_download() as download:
        page.locator("#save-gif").click()
    with Image.open(io.BytesIO(download.value.path().read_bytes())) as gif:
        assert (gif.n_frames, gif.size) == (4, (256, 256))

    page.locator("#show-code").click()
    until(page, "code.textContent.includes('studio.save')")
    code = page.locator("#code").text_content()
    ast.parse(code)
    monkeypatch.chdir(tmp_path)
    failed = []

    def play():  # not in playwright's own thread
        try:
            exec(compile(code, "picture.py", "exec"), {})
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    thread.join()
    assert not failed
    np.testing.assert_array_equal(np.asarray(Image.open("picture.png"))[..., None], seen)


def test_errors_are_told_and_the_page_fits_a_phone(served, chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/#" + '{"seed":3,"directions":{"gone":1}}')
    settled(page)
    assert "there is no direction 'gone'" in page.locator("#error").text_content()
    page.locator("#reset").click()
    settled(page)
    assert page.locator("#error").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(x) for x in ground.strip("rgb()").split(",")) < 60, "dark where one wants it dark"
    context.close()


def test_the_export_opens_offline(studio, chromium, tmp_path):
    export(studio, "faces", tmp_path, Plan.of(studio, 2, (1.0, 0.5)))
    context = chromium.new_context(offline=True)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "index.html").as_uri())
    where = lambda: page.locator("#picture").get_attribute("data-shown")
    assert where() == "0 0 0"
    page.get_by_role("button", name="Image 1").click()
    slide(page, "truncation", 0)  # the smaller one
    slide(page, "direction-0", 6)
    assert where() == "1 1 6"
    loaded = (
        "new Promise((done) => { const i = new Image(); i.onload = () => done(i.width); i.onerror = () => done(0); "
        + ("i.src = getComputedStyle(picture).backgroundImage.slice(5, -2); })")
    )
    assert page.evaluate(loaded) == 7 * 32
    assert not errors
    context.close()

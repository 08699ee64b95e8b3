"""`analyse --tool=dissection` of a generator in a file of its user's, whose second unit spoils some images."""

import json

import numpy as np
import pytest
from PIL import Image

from gan_jax.main import main

GENERATOR = """
import jax.numpy as jnp
import gan_jax

maps = jnp.zeros((4, 4, 3)).at[1:3, 1:3, 0].set(1.0).at[0, 3, 1].set(1.0).at[3, 0, 2].set(1.0)

def generate(z, layer):
    x = jnp.maximum(z[:, None, None, :], 0) * maps[None]
    x = layer("units", x.at[..., 1].set(jnp.where(z[:, 1] > 1.3, 2.0, 0.0).reshape(-1, 1, 1)))  # everywhere, where it is on
    light = jnp.minimum(x[..., :2].sum(-1, keepdims=True), 1.0)  # the third unit paints nothing
    return jnp.repeat(jnp.repeat(light, 4, 1), 4, 2)

generator = gan_jax.own_generator(generate, latents=3, pixel_range=(0, 1))
"""
MASKS = """
import numpy as np

def masks(images):
    return {"light": images[..., 0] > -0.5, "dark": images[..., 0] < -0.9, "never": images[..., 0] > 9}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(GENERATOR)
    (folder / "rules.py").write_text(MASKS)
    light = np.zeros((80, 16, 16, 1), np.uint8)
    light[:, 4:12, 4:12] = np.arange(0, 240, 3).reshape(-1, 1, 1, 1)
    np.savez(folder / "real.npz", image=light)
    return folder


def play(folder, *flags):
    own = (f"--model={folder}/mine.py:generator", "--layer=units")
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "analyse", "--tool=dissection", "--compilation_cache=none", *own, *flags])
    return ended.value.code


def lines(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_it_leaves_numbers_pictures_and_a_page(folder, tmp_path):
    out = tmp_path / "found"
    flags = (
        f"--segmentation={folder}/rules.py:masks",
        "--class=light",
        "--num=50",
        "--effects=50",
        "--units=2",
        "--places=5",
    )
    more = ("--artefacts=nearest", f"--reference={folder}/real.npz", "--recipes=swd", "--spoilers=1")
    assert play(folder, f"--out={out}", *flags, *more) == 0
    found = lines(out)
    of = lambda kind: [line for line in found if line.get("kind") == kind]
    assert (
        found[0]["units"] == 3
        and found[0]["layer"] == "units"
        and [line["step"] for line in found] == list(range(len(found)))
    )
    assert {line["class"]: line["units"] for line in of("class")}["never"] == 0
    units = {line["unit"]: line for line in of("unit")}
    assert units[0]["class"] == "light" and units[0]["named"] and not units[2]["named"]
    effects = {line["ablated"]: line for line in of("effect")}
    assert effects["set"]["relative"] == -1 and effects["random set"]["change"] == 0
    assert of("spoiler")[0]["unit"] == 1
    scores = of("score")[0]
    assert len({scores[kind] for kind in ("as it is", "without")}) == 2 and "without random units" in scores
    for name in ("units", "classes", "ablated_light", "inserted_light", "places_light", "artefacts"):
        with Image.open(out / f"{name}.png") as picture:
            assert picture.size[0] > 60
    page = (out / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 6 and "http" not in page.replace("data:", "")


def test_marked_images_and_an_optimised_set(folder, tmp_path, capsys):
    out, marked = tmp_path / "found", tmp_path / "bad.txt"
    marked.write_text("3\n4\n\n")
    flags = (
        "--segmentation=levels",
        "--class=light",
        "--num=20",
        "--effects=10",
        "--optimise",
        f"--artefacts={marked}",
    )
    assert play(folder, f"--out={out}", *flags, "--threshold=quantile", "--top=0.2") == 0
    assert {line.get("kind") for line in lines(out)} >= {"spoiler", "effect", "unit"}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--segmentation=levels", "--layer=block1"), "no tap block1; it has units"),
        (("--segmentation=level",), "there is no segmentation 'level' (did you mean 'levels'?)"),
        (("--segmentation=rules.py:mask",), "has no 'mask' (did you mean 'masks'?)"),
        (("--segmentation=rules.py",), "say which function in it, such as rules.py:masks"),
        (("--segmentation=gone.py:masks",), "there is no file"),
        (("--segmentation=mine.py:maps",), "no function of images and no Segmentation"),
        (("--segmentation=rules.py:masks", "--class=sky"), "no class 'sky'; it has light, dark, never"),
        (("--segmentation=rules.py:masks", "--class=never"), "'never' is on no pixel of 20 images"),
        (("--segmentation=rules.py:masks", "--optimise"), "give its Segmentation a function `soft`"),
        (("--segmentation=levels", "--top=0.1"), "--top is of --threshold=quantile"),
        (("--segmentation=levels", "--spoilers=1"), "--spoilers is of --artefacts"),
        (("--segmentation=levels", "--artefacts=nearest"), "give --reference, such as faces"),
        (("--segmentation=levels", "--artefacts=units:1", "--reference=faces"), "leave it out, or give one of them"),
        (("--segmentation=levels", "--units=9"), "--units=9, and units has 3 units"),
        (("--segmentation=levels", "--artefacts=bad.txt"), "there is no"),
        (("--segmentation=levels", "--artefacts=units:1", "--spoilers=1"), "leave --spoilers out"),
        (("--segmentation=levels", "--artefacts=units:x"), "units by commas; 'x' is none"),
        (("--segmentation=levels", "--artefacts=far.txt"), "the sample has images 0 to 19; marked are 99"),
        (("--segmentation=levels", "--artefacts=words.txt"), "images, one a line; 'many' is none"),
        ((), "needs --segmentation, such as --segmentation=levels"),
    ],
)
def test_what_is_refused(folder, tmp_path, monkeypatch, capsys, flags, says):
    monkeypatch.chdir(folder)
    (folder / "far.txt").write_text("99")
    (folder / "words.txt").write_text("many")
    assert play(folder, f"--out={tmp_path}/found", "--num=20", "--effects=10", *flags) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "found").exists()

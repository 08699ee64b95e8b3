"""Games that start from images or make voxels: exported, read again, translated with, and looked into."""

import json

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.main import main
from gan_jax.run.drawing import sample_key
from gan_jax.run.work_folder import read_config
from gan_jax.setup.setup import Setup
from gan_jax.verbs.export import export
from gan_jax.verbs.translate import of_model, of_run, translate
from gan_jax.zoo.formats.program import inputs_of
from gan_jax.zoo.formats.stablehlo import read_stablehlo

EXPORTED = {  # (game, sampler): what its card says, and the width of its picture
    ("pix2pix", None): ("Makes b of 8 x 8 x 1 in [-1, 1], from a of 8 x 8 x 1 in [-1, 1]; images of other sizes", 150),
    ("cyclegan", "a_to_b"): ("Makes b of 8 x 8 x 1 in [-1, 1], from a of 8 x 8 x 1 in [-1, 1]; images of other", 150),
    ("cyclegan", "b_to_a"): ("Makes a of 8 x 8 x 1 in [-1, 1], from b of 8 x 8 x 1", 150),
    ("voxels", None): ("Makes voxels of 4 x 4 x 4 x 1 from 0 to 1, from latents.", 392),
    ("pictures to voxels", "generate"): ("Makes voxels of 4 x 4 x 4 x 1 from 0 to 1, from latents.", 392),
    ("pictures to voxels", "reconstruct"): ("Makes voxels of 4 x 4 x 4 x 1 from 0 to 1, from image of 8 x 8 x 1", 646),
}
PROGRAMS = {  # (game, sampler): what goes in, what comes out
    ("pix2pix", None): ({"a": [8, 8, 1], "noise": [2]}, {"b": [8, 8, 1]}),
    ("cyclegan", "b_to_a"): ({"b": [8, 8, 1]}, {"a": [8, 8, 1]}),
    ("voxels", None): ({"z": [4]}, {"voxels": [4, 4, 4, 1]}),
    ("pictures to voxels", "reconstruct"): ({"image": [8, 8, 1]}, {"voxels": [4, 4, 4, 1]}),
    ("points", None): ({"z": [4]}, {"image": [2]}),
}


def play(verb, *flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", verb, "--compilation_cache=none", *flags])
    return ended.value.code


@pytest.mark.parametrize(("played", "name"), EXPORTED)
def test_an_exported_game_draws_what_its_run_draws(played, name, unbroken, tmp_path):
    folder, out = unbroken(played)[0], tmp_path / "model"
    flags = [f"--sampler={name}"] if name else []
    assert play("export", f"--workdir={folder}", f"--out={out}", *flags) == 0
    theirs, ours = gan_jax.load(folder, name), gan_jax.load(out)
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 1)).astype(np.float32)
    given = dict.fromkeys(theirs.sampler.given, pictures) or None
    drawn = ours.sample(4, seed=1, given=given)
    np.testing.assert_array_equal(drawn, theirs.sample(4, seed=1, given=given))
    if given and played != "pix2pix":  # whose dropout is drawn for each image
        np.testing.assert_array_equal(drawn[3], drawn[0])  # of three pictures the fourth is the first
    card = json.loads((out / "model.json").read_text())
    says, width = EXPORTED[played, name]
    assert card["about"].startswith(says) and card["samples"]["num"] == 16
    with Image.open(out / "samples.png") as picture:
        assert picture.size[0] == width  # beside what they started from and what they should be
    network = {"pix2pix": "unet.Generator", "cyclegan": "resnet_translator.Generator"}.get(played, "gan3d.Generator")
    assert repr(ours) == f"Model('model', {network}, step 9)"
    assert repr(theirs).endswith(f"{network}, step 9)")


def test_an_exported_translator_translates_images(unbroken, tmp_path):
    folder, out = unbroken("cyclegan")[0], tmp_path / "model"
    assert play("export", f"--workdir={folder}", f"--out={out}", "--sampler=b_to_a") == 0
    mine = tmp_path / "mine"
    mine.mkdir()
    source = Setup.of(read_config(folder)).source("test")
    for i in range(3):
        Image.fromarray(source[i]["b"][..., 0]).save(mine / f"{i}.png")
    assert play("translate", f"--model={out}", f"--images={mine}", f"--out={tmp_path}/ours") == 0
    translate(of_run(folder, "b_to_a"), tmp_path / "theirs", str(mine))
    for i in range(3):
        images = [np.asarray(Image.open(tmp_path / where / f"{i}.png")) for where in ("ours", "theirs")]
        np.testing.assert_array_equal(*images)
    assert "CycleGAN model" in (tmp_path / "ours" / "gallery.html").read_text()


@pytest.mark.parametrize(("played", "name"), PROGRAMS)
def test_a_game_as_a_program_draws_what_its_run_draws(played, name, unbroken, tmp_path):
    folder, out = unbroken(played)[0], tmp_path / "model"
    export(folder, out, sampler=name, formats=("stablehlo",))
    about, call = read_stablehlo(out)
    shapes = lambda ports: {name: port["shape"] for name, port in ports.items()}
    taken, made = PROGRAMS[played, name]
    assert shapes(about["inputs"]) == {name: ["n", *shape] for name, shape in taken.items()}
    assert shapes(about["outputs"]) == {name: ["n", *shape] for name, shape in made.items()}
    assert about["checked"]["batches"] == [16, 1] and about["step"] == 9
    theirs = gan_jax.load(folder, name)
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 1)).astype(np.float32)
    given = dict.fromkeys(theirs.sampler.given, pictures) or None
    inputs = inputs_of(theirs.sampler, sample_key(1), np.arange(3, dtype=np.uint32), given)
    np.testing.assert_allclose(call(**inputs), theirs.sample(3, seed=1, given=given), atol=1e-4)


def test_an_exported_translator_becomes_a_program_without_its_run(unbroken, tmp_path):
    export(unbroken("cyclegan")[0], tmp_path / "model", sampler="a_to_b")
    export(None, tmp_path / "model", model=tmp_path / "model", formats=("stablehlo",))  # beside its weights
    about, _ = read_stablehlo(tmp_path / "model")
    assert about["name"] == "model" and list(about["inputs"]) == ["a"]
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    assert about["about"] == card["about"]
    with pytest.raises(ValueError, match="is no exported model: name a run with --workdir"):
        export(None, tmp_path / "other", model=unbroken("cyclegan")[0])
    with pytest.raises(FileExistsError, match=r"has a model already \(weights.safetensors, model.json, samples.png\)"):
        export(unbroken("cyclegan")[0], tmp_path / "model", sampler="a_to_b")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "translate takes a run, --workdir=runs/maps, or an exported model"),
        (("--model=progan_faces", "--workdir=x"), "one of the two"),
        (("--model=progan_faces",), "a model has no images of its own"),
        (("--model=progan_faces", "--images=x", "--direction=a_to_b"), "a model has one translator: leave it out"),
        (("--model=progan_faces", "--images=x", "--step=3"), "--step chooses among what a run holds"),
    ],
)
def test_what_translate_refuses(flags, says, capsys):
    assert play("translate", *flags) == 1
    assert says in capsys.readouterr().err


def test_models_that_translate_nothing(unbroken, tmp_path):
    with pytest.raises(ValueError, match="draws from chance: sample"):
        of_model("progan_faces")
    flags = (f"--workdir={unbroken('pictures to voxels')[0]}", "--sampler=reconstruct")
    assert play("export", *flags, f"--out={tmp_path}/model") == 0
    with pytest.raises(ValueError, match=r"the model model makes voxels of shape \[4, 4, 4, 1\]"):
        of_model(tmp_path / "model")


def test_shapes_on_the_way_and_their_sums_are_drawn(unbroken, tmp_path, capsys):
    run = f"--workdir={unbroken('voxels')[0]}"
    way = ("analyse", "--tool=interpolation", run, f"--out={tmp_path}/way.png", "--num=2", "--columns=3")
    assert play(*way) == 0
    with Image.open(tmp_path / "way.png") as picture:
        assert picture.size == (130 * 3 + 2, 66 * 2 + 2)
    sums = ("analyse", "--tool=arithmetic", run, "--a=0,1", "--b=2", "--c=3")
    assert play(*sums, f"--out={tmp_path}/sums") == 0
    with Image.open(tmp_path / "sums" / "arithmetic.png") as picture:
        assert picture.size == (130 * 3 + 2, 66 * 4 + 2)
    assert play(*sums, f"--out={tmp_path}/told", "--classifier=digits") == 1
    assert "--classifier tells of images" in capsys.readouterr().err


def test_other_tools_refuse_voxels_of_runs_and_models(unbroken, tmp_path, capsys):
    folder, out = unbroken("voxels")[0], tmp_path / "model"
    assert play("export", f"--workdir={folder}", f"--out={out}") == 0
    for where in (f"--workdir={folder}", f"--model={out}"):
        for tool in ("noise", "grid"):
            assert play("analyse", f"--tool={tool}", where, f"--out={tmp_path}/x.png") == 1
            assert f"analyse --tool={tool} is of images" in capsys.readouterr().err
    assert play("analyse", "--tool=interpolation", f"--model={out}", f"--out={tmp_path}/way.png") == 0

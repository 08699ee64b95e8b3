"""Games that start from images or make voxels, as programs that run without gan_jax's networks."""

import json

import numpy as np
import pytest

import gan_jax
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.export import export
from gan_jax.zoo.formats.program import inputs_of
from gan_jax.zoo.formats.stablehlo import read_stablehlo

PROGRAMS = {  # (game, sampler): what goes in, what comes out
    ("pix2pix", None): ({"a": [8, 8, 1], "noise": [2]}, {"b": [8, 8, 1]}),
    ("cyclegan", "b_to_a"): ({"b": [8, 8, 1]}, {"a": [8, 8, 1]}),
    ("voxels", None): ({"z": [4]}, {"voxels": [4, 4, 4, 1]}),
    ("pictures to voxels", "reconstruct"): ({"image": [8, 8, 1]}, {"voxels": [4, 4, 4, 1]}),
    ("points", None): ({"z": [4]}, {"image": [2]}),
}


@pytest.mark.parametrize(("game_played", "name"), PROGRAMS)
def test_a_game_as_a_program_draws_what_its_run_draws(game_played, name, unbroken, tmp_path):
    folder, out = unbroken(game_played)[0], tmp_path / "model"
    export(folder, out, sampler=name, formats=("stablehlo",))
    about, call = read_stablehlo(out)
    shapes = lambda ports: {name: port["shape"] for name, port in ports.items()}
    taken, made = PROGRAMS[game_played, name]
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

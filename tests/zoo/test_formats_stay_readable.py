"""Files that earlier versions wrote are read, those of later ones are refused by their version."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gan_jax
from gan_jax.verbs.export import require_rebuilt
from gan_jax.zoo.files import FORMAT
from gan_jax.zoo.model import load, names

FROZEN = (
    Path(__file__).parent / "frozen"
)  # a folder a format, as the first gan_jax that wrote it wrote it: never changed


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_a_model_of_each_format_is_read_and_draws_what_it_drew(number):
    folder = FROZEN / f"format_{number}"
    assert json.loads((folder / "model.json").read_text())["format"] == number
    model = gan_jax.load(folder)
    np.testing.assert_allclose(model.sample(4, seed=3), np.load(folder / "samples.npy"), atol=1e-5)
    assert repr(model) == "Model('format_1', mlp.Generator, step 9)"


@pytest.mark.parametrize("name", names())
def test_shipped_models_say_their_format(name):
    assert load(name).card["format"] == FORMAT


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"format": FORMAT + 1, "version": "9.1"},
            f"gan_jax, 9.1, in format {FORMAT + 1}, .*install gan_jax 9.1 or a newer",
        ),
        ({"format": "1"}, "its format is '1', not a number from 1 on"),
        ({"format": 0}, "its format is 0, not a number from 1 on"),
        ({"weights": {"sha256": "0" * 64}}, "weights.safetensors is not the file that model.json was written with"),
    ],
)
def test_other_formats_and_other_weights_are_refused(change, says, tmp_path):
    shutil.copytree(FROZEN / "format_1", tmp_path / "model")
    card = tmp_path / "model" / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(ValueError, match=says):
        gan_jax.load(tmp_path / "model")


def test_a_sampler_that_its_config_does_not_make_is_no_export():
    other = SimpleNamespace(card=load("ssgan_digits").card, sampler=load("progan_faces").sampler)
    with pytest.raises(
        ValueError, match=r"adversarial.Adversarial cannot be exported as weights.*translators, shapes from"
    ):
        require_rebuilt(other)

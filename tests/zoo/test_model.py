"""The models that ship with the package, and what is no model."""

import io
import json
from importlib import resources

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.verbs.sample import write
from gan_jax.zoo.files import hash_of
from gan_jax.zoo.model import load, names


@pytest.mark.parametrize("name", names())
def test_a_shipped_model_is_read_and_has_a_whole_card(name, tmp_path):
    model = load(name)
    card = model.card
    assert card["data"]["licence"] != "not stated" and card["training"]["hardware"] != "not stated"
    assert card["scores"] and card["training"]["state_digest"]
    images = model.sample(card["samples"]["num"], card["samples"]["seed"])
    write({"image": images}, tmp_path / "samples.png")
    shown = [resources.files("gan_jax.zoo") / name / "samples.png", tmp_path / "samples.png"]
    then, now = (np.asarray(Image.open(io.BytesIO(file.read_bytes())), np.int32) for file in shown)
    assert then.std() > 20
    # To the bit on the processors that wrote them; others, and other numbers of threads, round otherwise.
    np.testing.assert_allclose(now, then, atol=0 if hash_of(images) == card["samples"]["sha256"] else 2)


def test_what_is_no_model_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model is called 'nothing_here'"):
        gan_jax.load("nothing_here")
    with pytest.raises(FileNotFoundError, match="holds no model .* and no run"):
        gan_jax.load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(ValueError, match="it lacks config, step, sampler, weights"):
        gan_jax.load(tmp_path)

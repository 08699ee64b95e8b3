"""The models that ship with the package, and what is no model."""

import json

import numpy as np
import pytest

import gan_jax
from gan_jax.zoo.files import hash_of
from gan_jax.zoo.model import load, names


@pytest.mark.parametrize("name", names())
def test_a_shipped_model_is_read_and_has_a_whole_card(name):
    model = load(name)
    card = model.card
    assert card["data"]["licence"] != "not stated" and card["training"]["hardware"] != "not stated"
    assert card["scores"] and card["training"]["state_digest"]
    images = model.sample(card["samples"]["num"], card["samples"]["seed"])
    assert np.isfinite(images).all() and images.std() > 0.1
    if hash_of(images) != card["samples"]["sha256"]:  # another processor rounds otherwise
        pytest.skip("this machine's arithmetic is not, to the bit, that of the machine which wrote the card")


def test_what_is_no_model_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model is called 'nothing_here'"):
        gan_jax.load("nothing_here")
    with pytest.raises(FileNotFoundError, match="holds no model .* and no run"):
        gan_jax.load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(ValueError, match="it lacks config, step, sampler, weights"):
        gan_jax.load(tmp_path)

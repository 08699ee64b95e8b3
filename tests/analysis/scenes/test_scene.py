"""Scenes as JSON, as code and as they are checked."""

import json

import numpy as np
import pytest

from gan_jax.analysis.scenes import Scene, Units
from gan_jax.analysis.scenes.mask import packed, unpacked

WHERE = packed(np.eye(4) > 0)
FULL = Scene(
    seed=4,
    index=7,
    truncation=0.5,
    label=2,
    noise="fixed",
    other=(1, 3),
    between=0.25,
    mixed=(3, 1),
    directions={"glasses": -1.5},
    layers={"synthesis/block0": Units((2, 4), {1: 2.5}, WHERE), "synthesis/block1": Units(insert={0: 1.0})},
)


@pytest.mark.parametrize("scene", [Scene(), FULL])
def test_a_scene_goes_through_json_and_through_code(scene):
    assert Scene.of(json.loads(json.dumps(scene.as_json()))) == scene
    assert eval(scene.as_code(), {"Scene": Scene, "Units": Units}) == scene


def test_code_says_only_what_differs():
    assert Scene().as_code() == "Scene()"
    assert Scene(seed=3, truncation=0.5).as_code() == "Scene(seed=3, truncation=0.5)"
    assert (
        Scene(layers={"a": Units(remove=[1])}).as_code() == "Scene(layers={\n        'a': Units(remove=(1,)),\n    })"
    )


@pytest.mark.parametrize(
    "values, told",
    [
        ([], "a scene is given by names and values"),
        ({"sed": 1}, "a scene has no 'sed' .did you mean 'seed'"),
        ({"seed": -1}, "a seed is from 0"),
        ({"seed": 2**32}, "a seed is from 0"),
        ({"seed": 1.5}, "a seed is from 0"),
        ({"index": True}, "index must be a whole number"),
        ({"index": 2**32}, "index must be a whole number of at most"),
        ({"truncation": "half"}, "truncation must be a number"),
        ({"truncation": float("nan")}, "truncation must be finite"),
        ({"label": -1}, "label must be a whole number"),
        ({"noise": "loud"}, "noise 'loud' is not known"),
        ({"other": [1]}, "other is the seed and the index"),
        ({"other": 3}, "other must be a row"),
        ({"other": [0, 1], "between": 1.5}, "between must be from 0 to 1"),
        ({"between": 0.5}, "say which the other one is"),
        ({"mixed": "all"}, "mixed must be a row"),
        ({"directions": {"glasses": None}}, "the amount of glasses must be a number"),
        ({"layers": {"a": 3}}, "layer a is given by names and values"),
        ({"layers": {"a": {"off": [1]}}}, "layer a has no 'off'"),
        ({"layers": {"a": {"remove": [-1]}}}, r"remove\[0\] must be a whole number"),
        ({"layers": {"a": {"insert": {"x": 1.0}}}}, "a unit to insert must be a whole number"),
        ({"layers": {"a": {"insert": {"1": 1e40}}}}, r"insert\[1\] must be finite"),
        ({"layers": {"a": {"remove": [1], "insert": {"1": 2.0}}}}, "unit 1 is removed or inserted"),
        ({"layers": {"a": {"where": "not base64!"}}}, "a mask is written in base64"),
        ({"layers": {"a": {"where": [1, 0]}}}, "a mask is a text"),
    ],
)
def test_what_is_wrong_is_said(values, told):
    with pytest.raises(ValueError, match=told):
        Scene.of(values)


def test_masks_keep_every_place():
    mask = np.random.default_rng(0).random((5, 3)) > 0.5
    assert packed(mask) == "" or (unpacked(packed(mask), (5, 3)) == mask).all()
    with pytest.raises(ValueError, match="a mask of 8 x 8 places takes 8 bytes, and this one holds 2"):
        unpacked(packed(mask), (8, 8))

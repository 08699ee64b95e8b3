"""A direction is kept with where it is from, and moves what it says and no other thing."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.directions import Direction, find, generator_hash, read, save, with_directions
from gan_jax.game import sampled
from gan_jax.methods.samplers import with_label, with_noise
from gan_jax.methods.truncation import with_latent_truncation, with_truncation
from gan_jax.nn.compiling import compiled

KEY, INDICES = jax.random.key(3), jnp.arange(2, dtype=jnp.uint32)
ABOUT = {"tool": "by hand", "unit": "a step of the vector's length", "seed": 0}


def of(sampler, space="z", vector=(1.0, 0.0, 0.0, 0.0), **changes):
    return Direction("glasses", space, vector, generator=generator_hash(sampler), **ABOUT, **changes)


def test_z_is_moved_in_the_starts_and_once(plain):
    one, other = of(plain), of(plain, vector=(0.0, 0.1, 0.0, 0.0)).named("beard")
    starts = plain.starts(KEY, INDICES)
    moved = with_directions(plain, [(one, 2.0), (other, -1.0)])
    wanted = starts["z"] + jnp.asarray([[2.0, -0.1, 0.0, 0.0]])
    np.testing.assert_allclose(moved.starts(KEY, INDICES)["z"], wanted, rtol=1e-6)
    np.testing.assert_array_equal(moved.map(starts)["z"], starts["z"])
    assert moved.given == () and moved.num_classes == 0 and moved.target == "image"


def test_w_is_moved_in_its_layers_after_truncation(styled):
    vector = np.arange(1, 6, dtype=np.float32)
    half = with_truncation(styled, 0.5)
    w = half.map(half.starts(KEY, INDICES))["w"]  # [2, 4, 5]
    moved = with_directions(half, [(of(styled, "w", vector, layers=(1, 3)), -2.0)])
    wanted = np.array(w)
    wanted[:, 1:3] -= 2 * vector.reshape(1, 1, 5)
    np.testing.assert_allclose(moved.map(moved.starts(KEY, INDICES))["w"], wanted, rtol=1e-5)
    each = np.arange(20, dtype=np.float32).reshape(4, 5)  # its own in each layer
    of_each = with_directions(half, [(of(styled, "w", each), 1.0)])
    np.testing.assert_allclose(of_each.map(half.starts(KEY, INDICES))["w"], w + each[None], rtol=1e-5)


def test_an_amount_of_zero_changes_nothing_and_another_amount_compiles_nothing(styled):
    directions = [(of(styled), 0.0), (of(styled, "w", np.ones(5), layers=(0, 1)), 0.0)]
    still = with_directions(styled, directions)
    traced = []

    def draw(sampler, key):
        traced.append(1)
        return sampled(sampler, key, INDICES)[0]

    draw = compiled(draw, quick=True)
    images = [np.asarray(draw(still.at(amounts), KEY)) for amounts in ([0, 0], [1, 0], [0, 1], [0.5, 2])]
    assert len(traced) == 1
    np.testing.assert_array_equal(images[0], compiled(lambda s, k: sampled(s, k, INDICES)[0], quick=True)(styled, KEY))
    assert all(np.abs(image - images[0]).max() > 1e-3 for image in images[1:])
    assert with_directions(styled, []) is styled
    with pytest.raises(ValueError, match=r"there are 2 directions, and amounts \[3\]"):
        still.at([1, 2, 3])


def test_wrappers_go_before_it_and_the_label_where_it_likes(styled, plain):
    moved = with_directions(styled, [(of(styled), 1.0)])
    for wrap in (
        lambda s: with_truncation(s, 0.5),
        lambda s: with_noise(s, "none"),
        lambda s: with_latent_truncation(s, 1),
    ):
        with pytest.raises(ValueError, match="take directions last"):
            wrap(moved)
    classes = plain.replace(num_classes=3)
    along = [(of(classes), 1.5)]
    one, other = with_label(with_directions(classes, along), 1), with_directions(with_label(classes, 1), along)
    a, b = (each.starts(KEY, INDICES) for each in (one, other))
    np.testing.assert_array_equal(a["z"], b["z"])
    np.testing.assert_array_equal(a["label"], [1, 1])
    np.testing.assert_array_equal(b["label"], [1, 1])


def test_the_hash_is_of_the_weights_alone(styled):
    known = generator_hash(styled)
    assert len(known) == 64
    for wrapped in (
        with_truncation(styled, 0.5),
        with_noise(styled, "none"),
        with_directions(styled, [(of(styled), 1.0)]),
    ):
        assert generator_hash(wrapped) == known
    params = jax.tree.map(lambda x: x, styled.variables["params"])
    params["synthesis"]["constant"] = params["synthesis"]["constant"].at[0, 0, 0].add(1e-3)
    assert generator_hash(styled.replace(variables={**styled.variables, "params": params})) != known


def test_a_file_holds_it_to_the_bit(styled, tmp_path):
    vector = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    kept = of(styled, "w", vector, layers=(1, 4), scores={"glasses": 1.5, "beard": -0.25})
    path = save(kept, tmp_path)
    assert path == tmp_path / "directions" / "glasses.json"
    for found in (read(path), find("glasses", tmp_path), find(str(path), None)):
        np.testing.assert_array_equal(found.vector, vector)
        assert found.vector.dtype == np.float32
        plain = lambda each: {
            name: getattr(each, name) for name in (f.name for f in dataclasses.fields(each)) if name != "vector"
        }
        assert plain(found) == plain(kept)
    assert find("glasses", tmp_path).named("specs").name == "specs"


def test_unknown_names_are_told_with_those_there_are(plain, tmp_path):
    save(of(plain), tmp_path)
    save(of(plain).named("beard"), tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"no direction 'glases' .*did you mean 'glasses'.*there are beard, glasses"
    ):
        find("glases", tmp_path)
    with pytest.raises(FileNotFoundError, match="analyse --tool=directions finds some"):
        find("glasses", tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="name the file of the direction glasses"):
        find("glasses", None)
    with pytest.raises(FileNotFoundError, match="there is no direction"):
        find(str(tmp_path / "none.json"), None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no direction of gan_jax"),
        ("[]", 'no "format"'),
        (json.dumps({"format": 2}), "its format is 2, and this gan_jax reads 1"),
        (json.dumps({"format": 1, "name": "a"}), "is no direction of gan_jax: .*missing"),
        (json.dumps({"format": 1, "name": "a", "more": 1}), "unexpected keyword argument"),
    ],
)
def test_damaged_files_are_refused(tmp_path, text, says):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=says):
        read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "../a"}, "a direction's name is of letters"),
        ({"space": "x"}, "space 'x' is not known"),
        ({"vector": np.zeros(4)}, "leads nowhere"),
        ({"vector": [np.nan, 1]}, "leads nowhere"),
        ({"vector": np.ones((2, 4))}, r"a direction in z is \[D\], not \[2, 4\]"),
        ({"layers": (0, 1)}, "layers are of codes w"),
        ({"space": "w", "layers": (2, 2)}, r"such as \(0, 4\); got \(2, 2\)"),
        ({"space": "w", "vector": np.ones((2, 4)), "layers": (0, 3)}, r"got \(0, 3\) of 2"),
    ],
)
def test_what_is_no_direction_is_refused(plain, changes, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(of(plain), **changes)


def test_what_does_not_fit_the_generator_is_refused(plain, styled):
    for sampler, direction, says in (
        (plain, of(styled), "found in another generator .*find it anew here"),
        (plain, of(plain, "w", np.ones(5)), "is in w, and this generator has z alone"),
        (plain, of(plain, vector=np.ones(3)), r"is \[3\], and z of this generator \[4\]"),
        (styled, of(styled, "w", np.ones(5), layers=(2, 9)), "is of layers 2 to 8; there are 0 to 3"),
        (styled, of(styled, "w", np.ones((3, 5))), r"is \[3, 5\], and w of this generator \[4, 5\]"),
    ):
        with pytest.raises(ValueError, match=says):
            with_directions(sampler, [(direction, 1.0)])
    with pytest.raises(ValueError, match="an amount is a number, and glasses has nan"):
        with_directions(plain, [(of(plain), float("nan"))])

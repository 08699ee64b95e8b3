import numpy as np
import pytest

from gan_jax.data import Batches, EightBit, Preprocessing, holding, in_order, leaves_of, open_source
from gan_jax.data.in_memory import InMemory
from gan_jax.game import Phase, Stretch

PLAIN = Preprocessing((1, 1, 1), resize="none")
MANY = InMemory(np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1), np.arange(20) % 2, ("x", "y"), "Many()")
FEW = InMemory(np.arange(100, 107, dtype=np.uint8).reshape(7, 1, 1, 1), None, (), "Few()")


def shown(batches, key, t=0):
    return np.round((batches.at(t)[key].ravel() + 1) * 127.5).astype(int).tolist()


def test_each_domain_has_its_own_length_and_its_images_its_own_name():
    batches = Batches.constant({"a": MANY, "b": FEW}, PLAIN, 70, 2)
    batch = batches.at(0)
    assert batch.keys() == {"a", "b"}  # labels are left out
    assert batch["a"].shape == batch["b"].shape == (2, 70, 1, 1, 1)
    assert sorted(shown(batches, "a")) == sorted([*range(20)] * 7)
    assert sorted(shown(batches, "b")) == sorted([*range(100, 107)] * 20)
    assert batches.epoch(1) == 7  # of the longest


def test_orders_are_by_name_and_another_domain_changes_none():
    two = Batches.constant({"a": MANY, "b": MANY}, PLAIN, 20)
    assert shown(two, "a") != shown(two, "b")
    turned = Batches.constant({"c": FEW, "b": MANY, "a": MANY}, PLAIN, 20)
    for key in ("a", "b"):
        assert shown(turned, key) == shown(two, key)
    assert shown(Batches.constant({"a": MANY, "b": MANY}, PLAIN, 20, seed=1), "a") != shown(two, "a")


def test_noise_is_by_name():
    one = InMemory(np.zeros((1, 1, 1, 1), np.uint8), None, (), "One()")
    batch = Batches.constant({"a": one, "b": one}, Preprocessing((1, 1, 1), dequantize=True), 8).at(0)
    assert not np.isin(batch["a"], batch["b"]).any()


def test_stretches_and_channels_of_domains():
    data = {"a": open_source("fake", length=9, size=(8, 8, 3)), "b": open_source("fake", length=5, size=(8, 8, 3))}
    stretches = [Stretch(Phase((4, 4, 3), 6), 0, 2), Stretch(Phase((8, 8, 3), 2, 2), 2, 4)]
    preprocessing = Preprocessing((8, 8, 3), flip=True, shapes={"b": (8, 8, 1)})
    batches = Batches(data, preprocessing, stretches)
    assert batches.at(1)["a"].shape == (1, 6, 4, 4, 3) and batches.at(1)["b"].shape == (1, 6, 4, 4, 1)
    with batches.iterate(1) as rounds:
        for t, batch in enumerate(rounds, 1):
            np.testing.assert_array_equal(batch["b"], batches.at(t)["b"])
    assert t == 3


@pytest.mark.parametrize("crop", ["center", "random", "distorted"])
def test_domains_may_be_stored_at_different_sizes(crop):
    data = {
        "a": open_source("fake", length=4, size=(10, 8, 3)),
        "b": open_source("fake", length=5, size=(6, 17, 1)),
    }
    batch = Batches.constant(data, Preprocessing((4, 4, 3), crop=crop), 6).at(0)
    assert batch["a"].shape == batch["b"].shape == (1, 6, 4, 4, 3)
    for key in data:
        assert EightBit(data, Preprocessing((4, 4, 3), crop=crop), key=key).images(np.arange(2)).shape == (2, 4, 4, 3)


def test_domains_of_which_one_does_not_fit():
    data = {"a": open_source("fake", length=4, size=(8, 8, 3)), "b": open_source("fake", length=5, size=(6, 8, 3))}
    with pytest.raises(ValueError, match="images of 6 x 8 do not become 8 x 8"):
        Batches.constant(data, Preprocessing((8, 8, 3), resize="none"), 2)


def test_one_domain_alone():
    data = {"a": MANY, "b": FEW}
    assert leaves_of(data) == ("a", "b") and leaves_of(MANY) == ("image", "label")
    (batch,) = in_order(holding(data, "b"), PLAIN, 50)
    assert batch.keys() == {"b"} and batch["b"].shape == (7, 1, 1, 1)
    images = EightBit(data, PLAIN, key="b")
    np.testing.assert_array_equal(images.images(np.arange(7)), FEW.images)
    assert "Few()" in images.name
    with pytest.raises(ValueError, match=r"no 'photo' \(did you mean 'photos'\?\); it has photos, b"):
        holding({"photos": MANY, "b": FEW}, "photo")


@pytest.mark.parametrize(
    "data, message",
    [
        ({}, "a domain or more"),
        ({"a": MANY, "label": FEW}, "cannot be called 'label'"),
        ({"a": InMemory({"a": FEW.images, "b": FEW.images}, None, (), "Pairs()")}, "domain 'a' needs .* holds a, b"),
        ({"a": MANY, "b": InMemory(np.zeros((0, 1, 1, 1), np.uint8), None, (), "None()")}, "None.. holds no elements"),
    ],
)
def test_domains_that_do_not_do(data, message):
    with pytest.raises(ValueError, match=message):
        Batches.constant(data, PLAIN, 2)


def test_domains_by_name(tmp_path):
    for name, images in (("photos", MANY.images), ("paintings", FEW.images)):
        np.savez(tmp_path / f"{name}.npz", image_train=images, image_test=images[:2])
    blocks = {
        key: {"source": "arrays", "path": str(tmp_path / f"{name}.npz")}
        for key, name in (("a", "photos"), ("b", "paintings"))
    }
    opened = open_source("domains", **blocks, path=None)
    assert isinstance(opened, dict) and {key: len(source) for key, source in opened.items()} == {"a": 20, "b": 7}
    assert Batches.constant(opened, PLAIN, 4).at(0).keys() == {"a", "b"}
    test = open_source("domains", **blocks, split="test")
    assert [len(source) for source in test.values()] == [2, 2]
    own = open_source("domains", split="test", a={**blocks["a"], "split": "train"}, b=blocks["b"])
    assert [len(source) for source in own.values()] == [20, 2]
    assert repr(opened) == repr(open_source("domains", **blocks)) and "photos.npz" in repr(opened)


@pytest.mark.parametrize(
    "blocks, message",
    [
        ({}, "two domains or more"),
        ({"a": {"source": "digits"}}, "two domains or more"),
        ({"a": {"source": "digits"}, "b": "digits"}, "b must be a block.*got 'digits'"),
        ({"a": {"source": "digits"}, "b": {"path": "x"}}, "b must be a block"),
        ({"a": {"source": "digits"}, "b": {"source": "digit"}}, "did you mean 'digits'"),
        ({"a": {"source": "digits"}, "b": {"source": "digits", "splits": "x"}}, "did you mean 'split'"),
    ],
)
def test_blocks_that_do_not_do(blocks, message):
    with pytest.raises(ValueError, match=message):
        open_source("domains", **blocks)

"""Some of a data set's classes, and some of its labels."""

import numpy as np
import pytest

from gan_jax.data import fingerprint, inspect_source, of_classes, open_source, with_labels_hidden
from gan_jax.data.in_memory import InMemory
from gan_jax.data.sources.fake import Fake
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import ConfigError, Setup


@pytest.fixture
def animals():
    images = np.arange(8, dtype=np.uint8).reshape(8, 1, 1, 1)
    return InMemory(
        images, [0, 1, 2, 0, -1, 2, 1, 2], ("cat", "dog", "owl"), "Animals()", {"big": np.arange(8) % 2 > 0}
    )


@pytest.mark.parametrize("chosen", [("owl", "cat"), (2, 0), ("owl", 0)])
def test_chosen_classes_are_renumbered_in_their_order(animals, chosen):
    some = of_classes(animals, chosen)
    assert some.classes == ("owl", "cat") and some.labels().tolist() == [1, 0, 1, 0, 0]
    assert [int(some[i]["image"][0, 0, 0]) for i in range(len(some))] == [0, 2, 3, 5, 7]
    assert [some[i]["label"] for i in range(len(some))] == some.labels().tolist()
    assert repr(some) == "Animals() with classes=('owl', 'cat')"
    assert some.attribute_table()[:, 0].tolist() == [False, False, True, True, True]
    assert inspect_source(some).labels == {0: 3, 1: 2}
    assert fingerprint(some)["content"] == fingerprint(animals)["content"]


def test_a_share_of_each_class_keeps_its_label():
    digits = open_source("digits")
    some = with_labels_hidden(digits, 0.05, seed=1)
    labels, whole = some.labels(), digits.labels()
    assert np.all((labels == -1) | (labels == whole))
    counts = [(int((labels == k).sum()), int((whole == k).sum())) for k in range(10)]
    assert all(kept == -(-n // 20) for kept, n in counts)
    np.testing.assert_array_equal(labels, with_labels_hidden(digits, 0.05, seed=1).labels())
    assert not np.array_equal(labels, with_labels_hidden(digits, 0.05, seed=2).labels())
    np.testing.assert_array_equal(with_labels_hidden(digits, 1.0).labels(), whole)


def test_labels_that_cost_a_read_are_read():
    class Read(Fake):
        def labels(self):
            return None

    source = Read(length=20, num_classes=4)
    some = of_classes(source, (1, 3))
    assert [source[i]["label"] for i in range(20)].count(1) == some.labels().tolist().count(0)


@pytest.mark.parametrize(
    "chosen, match",
    [
        (("cat",), "two classes or more"),
        (("cat", "cat"), "each once"),
        (("cat", 0), "twice"),
        (("cat", "dgo"), "no class 'dgo'.*dog"),
        ((0, 3), "numbered 0 to 2"),
        ((0, -1), "from 0 on"),
    ],
)
def test_classes_that_there_are_not_are_refused(animals, chosen, match):
    with pytest.raises(ValueError, match=match):
        of_classes(animals, chosen)


def test_a_config_takes_them_and_the_test_split_keeps_its_labels():
    config = load_config("configs/acgan_digits.py")
    config.data.labelled = 0.05
    config.data.classes = ("3", "5", "7")
    config.method.num_classes = 3
    setup = Setup.of(config)
    train, test = setup.source(), setup.source("test")
    assert train.classes == test.classes == ("3", "5", "7")
    assert (train.labels() == -1).mean() > 0.9 and test.labels().min() == 0
    for key, value, match in (
        ("labelled", 0.0, "above 0"),
        ("labelled", 1.5, "data.labelled must be from 0 to 1"),
        ("labelled_seed", -1, "labelled_seed"),
        ("classes", ("3",), "two classes or more"),
    ):
        changed = config.copy_and_resolve_references()
        changed.data[key] = value
        with pytest.raises(ConfigError, match=match):
            Setup.of(changed)
    config.data.labelled, config.data.labelled_seed = None, 3
    with pytest.raises(ConfigError, match="data.labelled, is not set"):
        Setup.of(config)


def test_unlabelled_data_are_refused():
    for make in (lambda source: of_classes(source, (0, 1)), lambda source: with_labels_hidden(source, 0.5)):
        with pytest.raises(ValueError, match="needs class labels"):
            make(open_source("faces", size=32))

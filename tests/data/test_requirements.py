import numpy as np
import pytest

from gan_jax.data import open_source, require_enough, require_keys, require_labels
from gan_jax.data.in_memory import InMemory
from gan_jax.data.sources.fake import Fake


def labelled(labels, classes):
    return InMemory(np.zeros((len(labels), 4, 4, 1), np.uint8), labels, classes, "Labelled()")


def test_labels_that_are_there():
    require_labels(open_source("digits"), 10)
    require_labels(labelled([0, 1], ("a", "b")), 2)


def test_every_class_has_an_element_where_that_is_asked():
    gap = labelled([0, 2, -1], ("a", "b", "c"))
    require_labels(gap, 3)
    with pytest.raises(ValueError, match=r"no element of 1 of its 3 classes \(b\).*Name only classes"):
        require_labels(gap, 3, every_class=True)


def test_some_may_be_unlabelled():
    require_labels(labelled([0, -1, 2], ("a", "b", "c")), 3)
    require_labels(labelled([-1, -1, 1], ("a", "b", "c")), 3)


class Read(Fake):
    """Labels cost a read each; but for every `every`-th element they are -1."""

    every = 1

    def labels(self):
        return None

    def __getitem__(self, index):
        element = super().__getitem__(index)
        return element if index % self.every == 3 else {**element, "label": -1}


def test_a_few_labels_among_many_that_cost_a_read_are_looked_for():
    class Rare(Read):
        every = 7

    source = Rare(length=70, num_classes=2, size=(4, 4, 1))
    assert source[0]["label"] == -1 and source[3]["label"] == 1
    require_labels(source, 2, limit=7)  # of the 7 looked at first none is labelled


@pytest.mark.parametrize(
    "source, message",
    [
        (InMemory(np.zeros((3, 4, 4, 1), np.uint8), None, (), "Plain()"), "Plain.* has none"),
        (labelled([0, 0], ("only",)), "single class, 'only'"),
        (labelled([0, 1], ("a", "b")), "num_classes is 3.*Set num_classes to 2"),
        (labelled([0, 1, 2, 3], ("a", "b", "c")), "label 3, outside 0 to 2"),
        (labelled([0, -2, 2], ("a", "b", "c")), "label -2, outside 0 to 2"),
        (labelled([-1, -1], ("a", "b", "c")), r"all 2 elements of Labelled\(\) have label -1 \(not labelled\).*split"),
        (Read(length=50_000, num_classes=3, size=(4, 4, 1)), "all 1,000 of 50,000 elements .* label -1"),
        ({"a": labelled([0], "a"), "b": labelled([0], "a")}, "unpaired domains have none"),
    ],
)
def test_labels_that_do_not_do(source, message):
    with pytest.raises(ValueError, match=message):
        require_labels(source, 3)


def test_leaves_that_are_there():
    require_keys(open_source("digits"), ("image", "label"))
    require_keys(open_source("fake", leaves=("a", "b")), ["b"])
    require_keys({"a": open_source("digits"), "b": open_source("digits")}, ("a", "b"))


@pytest.mark.parametrize(
    "data, needed, message",
    [
        (Fake(), ("a", "b"), r"pix2pix needs the data's a, b.* has image, label. Use .*arrays a and b.*'domains'"),
        (
            Fake(num_classes=0),
            ("image", "label"),
            r"pix2pix needs the data's label, and Fake.* has image. Use a labelled",
        ),
        (Fake(), ("voxels",), "needs the data's voxels.*array voxels"),
        (
            Fake(leaves=("a", "b"), num_classes=0),
            ("image",),
            "needs the data's image, and Fake.* has a, b. Use any source",
        ),
        (
            {"photo": Fake(), "painting": Fake()},
            ("photos",),
            r"photos \(did you mean 'photo'\?\).* has photo, painting",
        ),
    ],
)
def test_leaves_that_are_missing(data, needed, message):
    with pytest.raises(ValueError, match=message):
        require_keys(data, needed, "pix2pix")


def test_a_source_may_leave_out_its_leaves():
    class Own:
        classes = ("a", "b")

        def __repr__(self):
            return "Own()"

    require_keys(Own(), ("image", "label"))


def test_fewer_elements_than_a_batch_takes_are_too_few():
    few = open_source("fake", size=(8, 8, 1), length=3)
    require_enough(few, 3)
    with pytest.raises(ValueError, match=r"the data: 3 to learn from, and a batch takes 4: too few\. Give more"):
        require_enough(few, 4)
    with pytest.raises(ValueError, match="^b: 3 to learn from"):
        require_enough({"a": open_source("fake", size=(8, 8, 1), length=4), "b": few}, 4)

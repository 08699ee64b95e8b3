import numpy as np
import pytest

from gan_jax.data import inspect_source, open_source, require_labels
from gan_jax.data.in_memory import InMemory
from gan_jax.data.sources.fake import Fake


def labelled(labels, classes):
    return InMemory(np.zeros((len(labels), 4, 4, 1), np.uint8), labels, classes, "Labelled()")


def test_counts_of_a_labelled_source():
    seen = inspect_source(open_source("fake", length=25, num_classes=3, size=(8, 6, 3)))
    assert seen.count == seen.seen == 25
    assert seen.sizes == {(8, 6, 3): 25} and seen.channels == (3,)
    assert seen.labels == {0: 9, 1: 8, 2: 8} and seen.all_labels
    told = str(seen)
    assert "25 elements" in told and "8 x 6 x 3: 25" in told and "class 0: 9" in told and "looked at" not in told


def test_a_huge_source_is_sampled_and_says_so():
    seen = inspect_source(open_source("fake", length=10**6, num_classes=1000), limit=50)
    assert seen.seen == 50 and "of 50 looked at" in str(seen) and "1,000,000 elements" in str(seen)
    assert len(str(seen)) < 500 and "..., class 999: 1,000" in str(seen)


def test_labels_that_are_not_at_hand_are_sampled():
    class Unread(Fake):
        def labels(self):
            return None

    source = Unread(length=20, num_classes=2)
    seen = inspect_source(source, limit=5)
    assert not seen.all_labels and sum(seen.labels.values()) == 5


def test_points_and_missing_labels():
    assert inspect_source(open_source("toys", length=10)).sizes == {(2,): 10}
    assert "no labels" in str(inspect_source(open_source("fake", num_classes=0)))


def test_an_empty_source_is_an_error():
    with pytest.raises(ValueError, match="no elements"):
        inspect_source(labelled([], ()))


def test_labels_that_are_there():
    require_labels(open_source("digits"), 10)
    require_labels(labelled([0, 1], ("a", "b")), 2)


@pytest.mark.parametrize(
    "source, message",
    [
        (InMemory(np.zeros((3, 4, 4, 1), np.uint8), None, (), "Plain()"), "Plain.* has none"),
        (labelled([0, 0], ("only",)), "single class, 'only'"),
        (labelled([0, 1], ("a", "b")), "num_classes is 3.*Set num_classes to 2"),
        (labelled([0, 1, 2, 3], ("a", "b", "c")), "label 3, outside 0 to 2"),
        (labelled([0, -1, 2], ("a", "b", "c")), "label -1"),
    ],
)
def test_labels_that_do_not_do(source, message):
    with pytest.raises(ValueError, match=message):
        require_labels(source, 3)

import numpy as np
import pytest

from gan_jax.data import describe, inspect_source, open_source
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


def test_the_unlabelled_are_counted():
    seen = inspect_source(labelled([0, -1, 1, -1, -1], ("cat", "dog")))
    assert seen.unlabelled == 3 and seen.labels == {-1: 3, 0: 1, 1: 1}
    assert "2 classes: cat: 1, dog: 1\n  not labelled: 3" in str(seen)
    assert "not labelled" not in str(inspect_source(labelled([0, 1], ("cat", "dog"))))


def test_sizes_of_several_leaves():
    seen = inspect_source(
        open_source("fake", length=9, size=(8, 6, 3), leaves=("image", "voxels"), voxels=(4, 4, 4, 1))
    )
    assert seen.leaves == {"image": {(8, 6, 3): 9}, "voxels": {(4, 4, 4, 1): 9}} and seen.sizes == {(8, 6, 3): 9}
    assert "sizes of image: 8 x 6 x 3: 9" in str(seen) and "sizes of voxels: 4 x 4 x 4 x 1: 9" in str(seen)


def test_unpaired_data_is_described_by_domain():
    told = describe({"a": open_source("fake", length=3), "b": open_source("fake", length=5, num_classes=0)})
    assert "a: Fake(" in told and "3 elements" in told and "b: Fake(" in told and "5 elements" in told
    assert describe(open_source("fake", length=3)) == str(inspect_source(open_source("fake", length=3)))

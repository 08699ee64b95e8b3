"""Classes are those of one name, wherever they stand."""

import numpy as np
import pytest

from gan_jax.evaluators.classes import matched_labels


def matched(labels, own, known):
    return matched_labels(np.array(labels), own, known, "the test split", "the training split").tolist()


def test_labels_follow_names():
    assert matched([0, 1, 1, -1], ("a", "c"), ("a", "b", "c")) == [0, 2, 2, -1]
    assert matched([0, 1, 2], ("c", "a", "b"), ("a", "b", "c")) == [2, 0, 1]
    assert matched([1, -1, 0], ("a", "b"), ("a", "b")) == [1, -1, 0]
    assert matched([0, 1], ("0", "2"), ("0", "1", "2")) == [0, 2]  # names of folders, all of them known


def test_numbers_in_place_of_names_are_places():
    """As of an .npz file without `classes`."""
    assert matched([0, 2, -1], ("0", "1", "2"), ("cat", "dog", "emu")) == [0, 2, -1]
    assert matched([1, 0], ("cat", "dog"), ("0", "1", "2")) == [1, 0]
    with pytest.raises(ValueError, match="class '3', and the training split has none"):
        matched([3], ("0", "1", "2", "3"), ("cat", "dog", "emu"))


def test_numbers_are_names_where_the_other_side_has_numbers_too():
    digits = tuple("0123456789")
    named = (*"01234568", "9", "x")  # without a seven
    assert matched([8, 6], digits, named) == [7, 6]
    with pytest.raises(ValueError, match="class '7', and the training split has none"):
        matched([7], digits, named)
    with pytest.raises(ValueError, match="class 'x'"):
        matched([9], named, digits)
    with pytest.raises(ValueError, match="class '0'"):
        matched([0, 1, 2], ("0", "1", "2"), ("2", "1", "cat"))


def test_an_unknown_class_is_refused_where_there_is_an_image_of_it():
    assert matched([0], ("a", "x"), ("a", "b")) == [0]
    with pytest.raises(ValueError, match="the test split has images of the class 'x', and .* it has 'a', 'b'"):
        matched([0, 1], ("a", "x"), ("a", "b"))

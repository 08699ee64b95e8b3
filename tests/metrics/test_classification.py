import numpy as np
import pytest

from gan_jax.metrics.classification import top_k_accuracy


def test_by_hand():
    logits = np.array([[3.0, 2, 1], [3, 2, 1], [3, 2, 1], [0, 0, 5]])
    labels = np.array([0, 1, 2, 2])
    assert [top_k_accuracy(logits, labels, k) for k in (1, 2, 3)] == [0.5, 0.75, 1.0]


def test_equal_logits_favour_the_lower_class_as_argmax_does(rng):
    logits = np.zeros((3, 3))
    assert [top_k_accuracy(logits, [0, 1, 2], k) for k in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 1])
    logits, labels = rng.integers(0, 3, (50, 4)), rng.integers(0, 4, 50)
    assert top_k_accuracy(logits, labels) == np.mean(logits.argmax(1) == labels)
    order = rng.permutation(50)
    assert top_k_accuracy(logits[order], labels[order], 2) == top_k_accuracy(logits, labels, 2)


def test_bad_input_is_refused():
    logits = np.zeros((2, 3))
    with pytest.raises(ValueError, match="top 4 of 3 classes"):
        top_k_accuracy(logits, [0, 1], 4)
    with pytest.raises(ValueError, match="from 0 to 2; these go from 0 to 3"):
        top_k_accuracy(logits, [0, 3])
    with pytest.raises(ValueError, match="2 integers"):
        top_k_accuracy(logits, [0])

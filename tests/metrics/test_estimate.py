import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.metrics.estimate import Estimate, check_features, check_labels, check_same_width, over


def test_features_keep_their_precision():
    assert check_features(np.zeros((2, 3)), "real").dtype == np.float64
    assert check_features(np.zeros((2, 3), np.float32), "real").dtype == np.float32
    assert check_features(jnp.zeros((2, 3), jnp.bfloat16), "real").dtype == np.float32
    assert check_features([[1, 2], [3, 2**40 + 1]], "real")[1, 1] == 2**40 + 1


def test_bad_features_are_refused():
    with pytest.raises(ValueError, match=r"The real features must be \[n, F\].*\(2, 3, 1\)"):
        check_features(np.zeros((2, 3, 1)), "real")
    with pytest.raises(ValueError, match="must be"):
        check_features(np.zeros((2, 0)), "real")
    with pytest.raises(ValueError, match="at least 2,048 fake images, and there are 5"):
        check_features(np.zeros((5, 3)), "fake", 2048)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named(bad):
    x = np.zeros((9, 3), np.float32)
    x[4, 1] = x[7, 2] = bad
    with pytest.raises(ValueError, match="in 2 of 9 images, the first of them image 4"):
        check_features(x, "fake")
    with pytest.raises(ValueError, match="image 104"):
        check_features(x, "fake", first=100)


def test_labels():
    assert check_labels([1, 0], 2, "real").tolist() == [1, 0]
    for bad in ([1, 0, 1], [0.0, 1.0], [[0, 1]]):
        with pytest.raises(ValueError, match="The real labels must be 2 integers"):
            check_labels(bad, 2, "real")


def test_widths():
    with pytest.raises(ValueError, match="real ones have 3.*fake ones 4"):
        check_same_width(np.zeros((1, 3)), np.zeros((1, 4)))


def test_over():
    assert over([1, 3]) == Estimate(2.0, 1.0)

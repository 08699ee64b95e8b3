import numpy as np
import pytest
import scipy.optimize
from scipy.special import log_softmax
from sklearn.datasets import load_digits

from gan_jax.metrics.linear_probe import linear_probe, probe_accuracies


def by_the_protocol(train, labels, test, l2):
    """The predictions on `test`, by another minimiser."""
    mean, std, classes = train.mean(0), train.std(0), labels.max() + 1
    x, n = (train - mean) / std, len(train)

    def loss(theta):
        w, b = theta[classes:].reshape(-1, classes), theta[:classes]
        log_p = log_softmax(x @ w + b, 1)
        pull = (np.exp(log_p) - np.eye(classes)[labels]) / n
        value = -log_p[np.arange(n), labels].mean() + l2 / 2 * np.sum(w**2)
        return value, np.concatenate([pull.sum(0), (x.T @ pull + l2 * w).ravel()])

    found = scipy.optimize.minimize(loss, np.zeros(classes * (1 + x.shape[1])), jac=True, method="BFGS", tol=1e-9)
    return np.argmax((test - mean) / std @ found.x[classes:].reshape(-1, classes) + found.x[:classes], 1)


@pytest.mark.parametrize("l2", [1e-3, 1.0, 30.0])
def test_against_another_minimiser(rng, l2):
    labels = rng.choice(3, 200, p=[0.6, 0.3, 0.1])
    x = rng.normal(size=(200, 4)) * [1, 5, 0.1, 1] + 0.8 * labels[:, None] + 3
    train, test = x[:120], x[120:]
    expected = np.mean(by_the_protocol(train, labels[:120], test, l2) == labels[120:])
    assert linear_probe(train, labels[:120], test, labels[120:], l2) == pytest.approx(expected)


def test_the_strength_of_l2_shows(rng):
    # Few of a class: a strong pull leaves nothing but the bias, which names the common class.
    labels = np.repeat([0, 1], [90, 10])
    x = rng.normal(size=(100, 2)) * 0.1 + labels[:, None]
    assert linear_probe(x, labels, x, labels) == 1
    assert linear_probe(x, labels, x, labels, l2=1e3) == pytest.approx(0.9)


def test_blind_to_order_shift_and_scale_of_features(rng):
    labels = rng.integers(0, 3, 90)
    x = rng.normal(size=(90, 5)) + labels[:, None]
    score = linear_probe(x[:60], labels[:60], x[60:], labels[60:])
    order = rng.permutation(60)
    moved = x * [1e-4, 1, 1e4, 1, 2] + [5, 0, 0, -3, 1]
    assert linear_probe(moved[:60][order], labels[:60][order], moved[60:], labels[60:]) == score
    assert 0.5 < score < 1


def test_constant_features_and_labels_with_gaps(rng):
    labels = rng.integers(0, 2, 40) * 7 + 3
    x = np.stack([np.full(40, 0.1), labels + rng.normal(size=40) * 0.01], 1).astype(np.float32)
    assert linear_probe(x[:20], labels[:20], x[20:], labels[20:]) == 1
    unseen = np.full(20, 99)
    assert linear_probe(x[:20], labels[:20], x[20:], unseen) == 0


def test_digits_pixels():
    # What a linear classifier is known to reach on them.
    digits = load_digits()
    train = np.arange(len(digits.data)) % 5 != 0
    score = linear_probe(digits.data[train], digits.target[train], digits.data[~train], digits.target[~train])
    assert 0.94 < score < 0.98


def test_stopping_early_is_no_error(rng):
    x, labels = rng.normal(size=(30, 8)), rng.integers(0, 2, 30)
    assert 0 <= linear_probe(x, labels, x, labels, max_iterations=1) <= 1


def test_bad_input_is_refused():
    x, labels = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="at least 2 classes"):
        linear_probe(x, labels * 0, x, labels)
    with pytest.raises(ValueError, match="2 numbers an image, the test ones 3"):
        linear_probe(x, labels, np.zeros((4, 3)), labels)
    with pytest.raises(ValueError, match="positive l2"):
        linear_probe(x, labels, x, labels, l2=0)
    with pytest.raises(ValueError, match="test labels must be 4 integers"):
        linear_probe(x, labels, x, labels[:3])
    with pytest.raises(ValueError, match="training features hold NaN"):
        linear_probe(x * np.nan, labels, x, labels)


def test_the_gap_is_what_was_learnt_by_heart():
    """Random labels of as many features as images can be learnt, and tell nothing of others."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(80, 60)), rng.integers(0, 2, 80)
    both = probe_accuracies(x[:40], labels[:40], x[40:], labels[40:])
    assert both.train == 1 and both.test < 0.75 and both.gap == both.train - both.test
    assert both.test == linear_probe(x[:40], labels[:40], x[40:], labels[40:])

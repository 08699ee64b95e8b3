import numpy as np
import pytest

from gan_jax.metrics.inception_score import inception_score


def test_uniform_logits_score_1():
    assert inception_score(np.zeros((20, 8)), 4) == pytest.approx((1, 0))
    assert inception_score(np.tile([3.0, 0, -1], (20, 1))) == pytest.approx((1, 0))


@pytest.mark.parametrize("certain", [40.0, 1e4])
def test_sure_of_every_class_alike_scores_their_number(certain):
    logits = np.tile(certain * np.eye(5, 8), (8, 1))  # 8 classes known, 5 of them drawn
    assert inception_score(logits, 8) == pytest.approx((5, 0))


def test_by_hand():
    p = np.array([[0.5, 0.5], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7]])
    scores = []
    for part in (p[:2], p[2:]):
        q = part.mean(0)
        scores.append(np.exp(np.mean([sum(a * np.log(a / b) for a, b in zip(row, q, strict=True)) for row in part])))
    estimate = inception_score(np.log(p) + 7, 2)
    assert estimate == pytest.approx((np.mean(scores), np.std(scores)))


def test_order_within_a_split_does_not_matter_and_a_seed_shuffles(rng):
    logits = rng.normal(size=(30, 4)) * 3
    assert inception_score(logits[::-1], 1) == pytest.approx(inception_score(logits, 1))
    shuffled = inception_score(logits, 3, seed=5)
    assert shuffled == inception_score(logits[np.random.RandomState(5).permutation(30)], 3)
    assert shuffled != pytest.approx(inception_score(logits, 3))


def test_splits_of_unequal_size(rng):
    logits = rng.normal(size=(7, 3))
    parts = [inception_score(part, 1).value for part in (logits[:2], logits[2:4], logits[4:])]
    assert inception_score(logits, 3) == pytest.approx((np.mean(parts), np.std(parts)))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least 10 classified images, and there are 9"):
        inception_score(np.zeros((9, 3)))
    with pytest.raises(ValueError, match="at least 1 split"):
        inception_score(np.zeros((9, 3)), 0)

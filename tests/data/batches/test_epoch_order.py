import numpy as np
import pytest

from gan_jax.data.batches.epoch_order import EpochOrder


@pytest.mark.parametrize("length", [1, 2, 7, 1000])
def test_every_epoch_is_a_permutation_and_they_differ(length):
    order = EpochOrder(length, 2**63 + 5)
    epochs = [order(range(length * epoch, length * (epoch + 1))) for epoch in range(4)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(length))
    assert length < 7 or len({tuple(epoch) for epoch in epochs}) == 4


def test_positions_across_epochs_are_those_within():
    order = EpochOrder(5, 3)
    whole = order(range(23))
    assert whole == [order(range(position, position + 1))[0] for position in range(23)]


def test_seeds_differ_in_every_bit():
    orders = [EpochOrder(100, seed)(range(100)) for seed in (0, 1, 2**53, 2**53 + 1, 2**64 - 1)]
    assert len({tuple(order) for order in orders}) == 5


def test_places_are_uniform():
    first = [EpochOrder(10, seed)(range(10))[0] for seed in range(1000)]
    assert np.abs(np.bincount(first, minlength=10) - 100).max() < 45  # 4.7 standard deviations


def test_the_order_is_the_same_on_every_machine():
    assert EpochOrder(8, 0)(range(16)) == [0, 2, 1, 5, 4, 3, 6, 7, 5, 3, 7, 2, 4, 1, 0, 6]

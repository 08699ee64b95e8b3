import pytest

from gan_jax.planning.estimate import Roofline, ring_bytes, roofline
from gan_jax.planning.machines import KINDS, Machine, parse_topology


@pytest.mark.parametrize(
    ("text", "platform", "kind", "count"),
    [
        ("v3:8x8", "tpu", "v3", None),
        ("v5p:4x4x4", "tpu", "v5p", None),
        ("gpu:16xh100", "gpu", "h100", 16),
        ("cpu:8", "cpu", None, 8),
    ],
)
def test_topologies_are_read(text, platform, kind, count):
    assert parse_topology(text) == Machine(text, platform, kind, count)


@pytest.mark.parametrize("wrong", ["v3", "v3:8", "v9:2x2", "gpu:8", "gpu:0xh100", "gpu:8xk80", "cpu:0", "cpu", "tpu:8"])
def test_unknown_topologies_are_told_the_known(wrong):
    with pytest.raises(ValueError, match=r"unknown topology .*: name a TPU by its chips, v3:8x8 \(of v2, v3, v4"):
        parse_topology(wrong)


def test_the_longest_time_binds():
    kind = KINDS["v3"]
    assert kind.peak_flops == 61.5e12 and kind.memory == 16 * 2**30
    by_hand = roofline(61.5e12, 45e9, 0.0, kind)
    assert (by_hand.compute, by_hand.bound, by_hand.seconds) == (1.0, "compute", 1.0)
    assert by_hand.memory == pytest.approx(0.1)
    assert roofline(0.0, 900e9, 0.0, kind) == Roofline(0.0, 2.0, 0.0, 2.0, "memory")
    assert roofline(0.0, 0.0, 2 * kind.network_rate, kind) == Roofline(0.0, 0.0, 2.0, 2.0, "network")


def test_a_ring_sends_twice_what_it_sums_but_for_ones_own_part():
    assert ring_bytes(100.0, 1) == 0
    assert ring_bytes(100.0, 2) == 100
    assert ring_bytes(100.0, 4) == 150

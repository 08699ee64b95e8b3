import time

import pytest

from gan_jax.data.batches.layout import Layout
from gan_jax.game import Phase, Stretch, images_before


def stretches_of(*rows):
    """(batch_size, d_steps, rounds) of each."""
    made, start = [], 0
    for batch_size, d_steps, rounds in rows:
        made.append(Stretch(Phase((4, 4, 1), batch_size, d_steps), start, start + rounds))
        start += rounds
    return made


MIXED = stretches_of((96, 1, 3), (6, 2, 4), (12, 5, 1), (6, 1, 7))


def test_rounds_begin_where_the_images_before_them_end():
    layout = Layout(MIXED, 0, 1)
    for t in range(20):
        assert layout.images_before(t) == images_before(MIXED, t)
    for t in range(15):
        _, chunks = layout.of_round(t)
        shown = [position for chunk in chunks for position in layout.of_chunk(chunk)[1]]
        assert shown == [*range(images_before(MIXED, t), images_before(MIXED, t + 1))]


@pytest.mark.parametrize("most", [1, 4, 32])
def test_chunks_follow_each_other_over_the_borders_of_stretches(most):
    layout = Layout(MIXED, 1, 3, most)
    numbers = [chunk for t in range(15) for chunk in layout.of_round(t)[1]]
    assert numbers == [*range(layout.chunks)]
    for t in range(15):
        place, chunks = layout.of_round(t)
        assert all(layout.of_chunk(chunk)[0] is place and place.size <= most for chunk in chunks)
        assert len(chunks) * place.size == place.local * place.phase.d_steps


def test_processes_take_equal_slices_of_each_batch():
    for t, batch_size in ((0, 96), (3, 6), (7, 12)):
        whole = [p for chunk in Layout(MIXED, 0, 1).of_round(t)[1] for p in Layout(MIXED, 0, 1).of_chunk(chunk)[1]]
        for index in range(3):
            layout = Layout(MIXED, index, 3)
            own = [position for chunk in layout.of_round(t)[1] for position in layout.of_chunk(chunk)[1]]
            local = batch_size // 3
            batches = [whole[first : first + batch_size] for first in range(0, len(whole), batch_size)]
            assert own == [n for batch in batches for n in batch[index * local : (index + 1) * local]]


def test_eight_hundred_stretches_cost_next_to_nothing():
    rows = [(64, 100, 25), *([(64, 5, 475), (64, 100, 1)] * 400)]
    stretches = stretches_of(*rows)
    began = time.perf_counter()
    layout = Layout(stretches, 0, 1)
    for t in range(0, layout.stop, 10):
        layout.of_chunk(layout.of_round(t)[1][0])
    assert time.perf_counter() - began < 2  # some 0.05 s
    assert layout.images_before(layout.stop) == sum(batch * d_steps * rounds for batch, d_steps, rounds in rows)


def test_what_cannot_be_laid_out():
    with pytest.raises(
        ValueError, match=r"batch_size 10 .* 4 processes \(stretch 1, rounds 3 to 4\): .* multiple of 4"
    ):
        Layout(stretches_of((8, 1, 3), (10, 1, 2)), 0, 4)
    with pytest.raises(ValueError, match="stretch 1 leaves a gap"):
        Layout([MIXED[0], MIXED[2]], 0, 1)
    with pytest.raises(ValueError, match="process_index 2"):
        Layout(MIXED, 2, 2)
    with pytest.raises(ValueError, match="no round 15: the stretches have rounds 0 to 14"):
        Layout(MIXED, 0, 1).of_round(15)

"""Batches of runs that are cut into stretches."""

import itertools

import numpy as np
import pytest

from gan_jax.data import Batches, Preprocessing, in_order, open_source
from gan_jax.data.images.cells import cell_means
from gan_jax.data.sources.fake import Fake
from gan_jax.game import Phase, Stretch, images_before

SHAPE = (8, 8, 3)
PREPROCESSING = Preprocessing(SHAPE, crop="random", flip=True, dequantize=True)
GROWING = [
    Stretch(Phase((2, 2, 3), 24, 1), 0, 3),
    Stretch(Phase((4, 4, 3), 12, 2), 3, 5, fade=True),
    Stretch(Phase((4, 4, 3), 12, 2), 5, 6),
    Stretch(Phase(SHAPE, 6, 3), 6, 9, fade=True),
]


def grown(**settings):
    return Batches(open_source("fake", length=31, size=(16, 16, 3)), PREPROCESSING, GROWING, seed=2, **settings)


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])


def test_rounds_have_the_shapes_of_their_phases():
    batches = grown()
    for t in range(9):
        phase = next(each.phase for each in GROWING if each.start <= t < each.stop)
        batch = batches.at(t)
        assert batch["image"].shape == (phase.d_steps, phase.batch_size, *phase.shape)
        assert batch["image"].dtype == np.float32 and batch["label"].shape == (phase.d_steps, phase.batch_size)


def test_small_phases_show_means_of_the_elements_that_the_stream_holds_there():
    full = Batches.constant(open_source("fake", length=31, size=(16, 16, 3)), PREPROCESSING, 1, seed=2)
    batches = grown()
    for t in range(9):
        batch = batches.at(t)
        first = images_before(GROWING, t)
        flat = batch["image"].reshape(-1, *batch["image"].shape[2:])
        for n, (image, label) in enumerate(zip(flat, batch["label"].ravel(), strict=True), first):
            element = full.at(n)
            expected = cell_means(element["image"][0, 0], SHAPE[0] // image.shape[0])
            np.testing.assert_allclose(image, expected, atol=2e-6)
            assert label == element["label"].item()


def test_means_are_exact_without_noise():
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1), np.uint8)
    preprocessing, source = Preprocessing((8, 8, 1)), Fake(length=1, size=(8, 8, 1))
    out = preprocessing.finish([preprocessing.prepare({"image": image[0]})], k=4)["image"]
    means = image.reshape(1, 2, 4, 2, 4, 1).mean((2, 4))
    np.testing.assert_array_equal(out, means.astype(np.float32) / np.float32(127.5) - 1)
    (batch,) = in_order(source, preprocessing, 1, shape=(2, 2, 1))
    assert batch["image"].shape == (1, 2, 2, 1)


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("start", [0, 2, 3, 4, 6, 8, 9])
def test_a_run_broken_anywhere_continues_identically(start, threads):
    batches = grown(threads=threads)
    with grown(threads=threads).iterate(start) as rounds:
        played = list(rounds)  # to the end of the last stretch
    assert len(played) == 9 - start
    for t, batch in enumerate(played, start):
        assert_same(batch, batches.at(t))


def test_the_slices_of_processes_make_the_batch_of_one():
    parts = [grown(process_index=index, process_count=3) for index in range(3)]
    for t in (0, 4, 7):
        slices = [part.at(t) for part in parts]
        assert_same({key: np.concatenate([one[key] for one in slices], 1) for key in slices[0]}, grown().at(t))


def test_one_stretch_or_several_of_one_phase_show_the_same():
    phase = Phase(SHAPE, 6, 2)
    source = open_source("fake", length=31, size=(16, 16, 3))
    cut = Batches(source, PREPROCESSING, [Stretch(phase, 0, 2), Stretch(phase, 2, 3), Stretch(phase, 3, 5)])
    whole = Batches.constant(source, PREPROCESSING, 6, 2)
    for t in range(5):
        assert_same(cut.at(t), whole.at(t))
        assert cut.epoch(t) == whole.epoch(t)


def test_many_short_stretches():
    phases = Phase((2,), 4, 3), Phase((2,), 4, 1)
    stretches, start = [], 0
    for phase, rounds in zip(itertools.cycle(phases), [1, 3] * 400):
        stretches.append(Stretch(phase, start, start + rounds))
        start += rounds
    batches = Batches(open_source("toys", length=50), Preprocessing((2,)), stretches)
    with batches.iterate() as rounds:
        shown = np.concatenate([batch["image"].reshape(-1, 2) for batch in rounds])
    whole = Batches.constant(open_source("toys", length=50), Preprocessing((2,)), len(shown)).at(0)["image"][0]
    np.testing.assert_array_equal(shown, whole)


def test_epochs():
    batches = grown()
    assert [batches.epoch(t) for t in (0, 3, 6, 9)] == [n / 31 for n in (0, 72, 144, 198)]
    assert batches.epoch(50) == 198 / 31


def test_there_is_no_round_beyond_the_end():
    with pytest.raises(ValueError, match="no round 9: the stretches have rounds 0 to 8"):
        grown().at(9)


def test_volumes_shrink_in_all_directions():
    source = open_source("fake", leaves=("voxels",), voxels=(8, 8, 4, 1), length=5, num_classes=0)
    stretches = [Stretch(Phase((4, 4, 2, 1), 5), 0, 1), Stretch(Phase((8, 8, 4, 1), 5), 1, 2)]
    batches = Batches(source, Preprocessing((8, 8, 4, 1)), stretches)
    small, full = batches.at(0)["voxels"][0], batches.at(1)["voxels"][0]
    assert small.shape == (5, 4, 4, 2, 1) and {*np.unique(full)} == {0, 1} and small.dtype == full.dtype == np.float32
    means = full.reshape(5, 4, 2, 4, 2, 2, 2, 1).mean((2, 4, 6)).reshape(5, -1)
    assert sorted(map(tuple, means)) == sorted(map(tuple, small.reshape(5, -1)))  # another epoch, another order


@pytest.mark.parametrize(
    "shape, message",
    [((3, 3, 3), "Shapes that work: 8 x 8 x 3, 4 x 4 x 3, 2 x 2 x 3, 1 x 1 x 3"), ((8, 8, 1), "cannot be made")],
)
def test_a_phase_that_no_cells_make(shape, message):
    with pytest.raises(ValueError, match=message):
        Batches(open_source("fake"), PREPROCESSING, [Stretch(Phase(shape, 6), 0, 3)])

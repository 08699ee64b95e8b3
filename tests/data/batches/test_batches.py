import subprocess
import sys
import zlib

import numpy as np
import pytest

from gan_jax.data import Batches, Preprocessing, in_order, open_source
from gan_jax.data.in_memory import InMemory

RANDOM = Preprocessing((12, 10, 3), crop="distorted", flip=True, dequantize=True)


def fake(length=50, size=(16, 16, 3), num_classes=7):
    return open_source("fake", length=length, size=size, num_classes=num_classes)


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])


def test_shapes_and_dtypes():
    batch = Batches.constant(fake(), RANDOM, batch_size=6, d_steps=2).at(3)
    assert batch["image"].shape == (2, 6, 12, 10, 3) and batch["image"].dtype == np.float32
    assert batch["label"].shape == (2, 6) and batch["label"].dtype == np.int32
    assert np.abs(batch["image"]).max() <= 1
    assert "label" not in Batches.constant(fake(num_classes=0), RANDOM, batch_size=6).at(0)


def test_a_round_is_a_function_of_seed_and_number():
    one, two = (Batches.constant(fake(), RANDOM, batch_size=6, seed=5) for _ in range(2))
    two.at(40)
    for t in (0, 3, 1000, 10**9):
        assert_same(one.at(t), two.at(t))
    other = Batches.constant(fake(), RANDOM, batch_size=6, seed=6).at(3)
    assert not np.array_equal(other["image"], one.at(3)["image"])


def test_the_bytes_of_a_round_stay_what_they_were():
    """Of integers and IEEE sums alone, so the same on every machine; a run begun before a change goes on after it."""
    images = (np.arange(23 * 6 * 7 * 3) * 37 % 251).astype(np.uint8).reshape(23, 6, 7, 3)
    source = InMemory(images, np.arange(23) % 5, "abcde", "Golden()")
    preprocessing = Preprocessing((5, 4, 3), resize="none", crop="random", flip=True, dequantize=True)
    seen = {}
    for index, count in ((0, 1), (1, 2)):
        batches = Batches.constant(source, preprocessing, 12, 2, seed=3, process_index=index, process_count=count)
        for t in (0, 7, 10**9):
            seen[index, t] = tuple(zlib.crc32(batches.at(t)[key].tobytes()) for key in ("image", "label"))
    assert seen == {
        (0, 0): (3055709709, 3417465380),
        (0, 7): (3118347162, 1829278459),
        (0, 10**9): (1623276997, 4212185075),
        (1, 0): (2658452555, 13429007),
        (1, 7): (1814039515, 1939850175),
        (1, 10**9): (2956622867, 1448390665),
    }


@pytest.mark.parametrize("preprocessing", [RANDOM, Preprocessing((8, 8, 3))])
@pytest.mark.parametrize("processes", [2, 3])
def test_the_slices_of_processes_make_the_batch_of_one(preprocessing, processes):
    settings = {"batch_size": 96, "d_steps": 2, "seed": 1}
    whole = Batches.constant(fake(), preprocessing, **settings).at(2)
    slices = [
        Batches.constant(fake(), preprocessing, process_index=p, process_count=processes, **settings).at(2)
        for p in range(processes)
    ]
    joined = {key: np.concatenate([part[key] for part in slices], axis=1) for key in whole}
    assert_same(joined, whole)


def test_a_round_of_two_batches_is_two_rounds_of_one():
    two = Batches.constant(fake(), RANDOM, batch_size=6, d_steps=2).at(4)
    ones = [Batches.constant(fake(), RANDOM, batch_size=6).at(t) for t in (8, 9)]
    assert_same(two, {key: np.concatenate([one[key] for one in ones]) for key in two})


@pytest.mark.parametrize("threads", [0, 1, 5])
def test_iterating_from_anywhere_gives_the_rounds_whatever_the_threads(threads):
    batches = Batches.constant(fake(), RANDOM, batch_size=74, d_steps=2, threads=threads)  # chunks of 2
    with batches.iterate(start=3) as rounds:
        for t in range(3, 7):
            assert_same(next(rounds), batches.at(t))


def test_starting_far_out_is_immediate():
    batches = Batches.constant(fake(), Preprocessing((8, 8, 3)), batch_size=4)
    with batches.iterate(start=10**12) as rounds:
        assert_same(next(rounds), batches.at(10**12))


def test_each_epoch_shows_each_element_once_in_a_new_order():
    points = open_source("toys", length=60)
    batches = Batches.constant(points, Preprocessing((2,)), batch_size=12)
    epochs = [np.concatenate([batches.at(t)["image"][0] for t in range(5 * e, 5 * e + 5)]) for e in range(3)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(points.images, axis=0))
    assert not np.array_equal(epochs[0], epochs[1]) and not np.array_equal(epochs[1], epochs[2])


def test_the_order_does_not_depend_on_the_preprocessing():
    labels = [Batches.constant(fake(), pre, batch_size=10).at(2)["label"] for pre in (RANDOM, Preprocessing((4, 4, 1)))]
    np.testing.assert_array_equal(*labels)


def test_noise_is_new_when_an_element_comes_again():
    batches = Batches.constant(fake(length=1), Preprocessing((16, 16, 3), dequantize=True), batch_size=3)
    a, b, c = batches.at(0)["image"][0]
    assert not np.array_equal(a, b) and not np.array_equal(b, c)
    assert not np.array_equal(a, batches.at(1)["image"][0, 0])


def test_a_batch_may_be_larger_than_the_source():
    labels = Batches.constant(fake(length=7), Preprocessing((8, 8, 3)), batch_size=21).at(0)["label"]
    np.testing.assert_array_equal(np.bincount(labels[0]), np.full(7, 3))


def test_epochs():
    batches = Batches.constant(fake(length=50), RANDOM, batch_size=10, d_steps=2)
    assert batches.epoch(0) == 0 and batches.epoch(5) == 2 and batches.epoch(1) == 0.4


@pytest.mark.parametrize("cache_mib", [0, 1])
def test_the_cache_changes_nothing(cache_mib):
    preprocessing = Preprocessing((8, 8, 3), flip=True)
    batches = Batches.constant(fake(), preprocessing, batch_size=30, cache_mib=cache_mib)
    plain = Batches.constant(fake(), preprocessing, batch_size=30, cache_mib=64)
    for t in range(4):
        assert_same(batches.at(t), plain.at(t))


def test_the_cache_reads_each_element_once():
    class Counting:
        classes = ("a", "b")
        reads = 0

        def __len__(self):
            return 10

        def __getitem__(self, index):
            self.reads += 1
            return {"image": np.full((4, 4, 1), index, np.uint8), "label": index % 2}

        def sizes_of(self, index):
            return {"image": (4, 4, 1)}

        def labels(self):
            return None

    source = Counting()
    batches = Batches.constant(source, Preprocessing((4, 4, 1)), batch_size=5, threads=0)
    before = source.reads
    for t in range(6):
        batches.at(t)
    assert source.reads - before == 10


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"batch_size": 10, "process_count": 4}, "batch_size 10 .* 4 processes"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": 4, "d_steps": 0}, "d_steps must be"),
        ({"batch_size": 4, "process_index": 2, "process_count": 2}, "process_index 2"),
    ],
)
def test_bad_batches(settings, message):
    with pytest.raises(ValueError, match=message):
        Batches.constant(fake(), RANDOM, **settings)


def test_unusable_sizes_are_found_before_training():
    with pytest.raises(ValueError, match="Sizes found: 16 x 16 x 3"):
        Batches.constant(fake(), Preprocessing((8, 8, 3), resize="none", crop="none"), batch_size=4)


def test_an_error_of_the_source_reaches_the_reader():
    class Failing:
        classes = ()

        def __len__(self):
            return 10

        def __getitem__(self, index):
            raise ValueError("no such thing")

        def sizes_of(self, index):
            return {"image": (4, 4, 1)}

        def labels(self):
            return None

    batches = Batches.constant(Failing(), Preprocessing((4, 4, 1)), batch_size=2)
    with pytest.raises(ValueError, match="no such thing"), batches.iterate() as rounds:
        next(rounds)


def test_in_order_gives_every_element_once():
    source = fake(length=11)
    batches = list(in_order(source, RANDOM, batch_size=4))
    assert [len(batch["image"]) for batch in batches] == [4, 4, 3]
    labels = np.concatenate([batch["label"] for batch in batches])
    np.testing.assert_array_equal(labels, source.labels())
    expected = Preprocessing((12, 10, 3))(source[5], None)["image"]
    np.testing.assert_array_equal(batches[1]["image"][1], expected)
    part = list(in_order(source, RANDOM, batch_size=4, start=5, stop=6))
    np.testing.assert_array_equal(part[0]["image"][0], expected)
    with pytest.raises(ValueError, match="elements 5 to 12"):
        in_order(source, RANDOM, batch_size=4, start=5, stop=12)


def test_importing_the_package_imports_nothing_slow():
    slow = ("grain", "jax", "sklearn", "tensorflow_datasets")
    script = f"import sys, gan_jax.data; print([m for m in {slow} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
        == "[]"
    )

"""Evidence is made once, kept on disk under what shapes it, and asked for in sentences."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.disk_cache import kept_on_disk
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet, fingerprint
from gan_jax.features.extractor import Extractor
from gan_jax.runtime.mesh import make_mesh

RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, (30, 4, 4, 1), np.uint8)
FAKE = RNG.integers(0, 256, (20, 4, 4, 1), np.uint8)


def _means(variables, images):
    return {"mean": images.astype(jnp.float32).mean((1, 2)) * variables["weight"], "first": images[:, 0, 0]}


def evidence(cache, real=REAL, weights="ab", opened=None, labels=None):
    def open_extractor(name):
        if opened is not None:
            opened.append(name)
        return Extractor(_means, {"weight": jnp.float32(2)}, name, "none", weights)

    sets = {"train": lambda: ArraySet(real, labels, "reals"), "test": lambda: ArraySet(real[:7], None, "tests")}
    return Evidence(
        ArraySet(FAKE, name="fakes"), sets, open_extractor, make_mesh(), cache=cache, batch_size=8, quiet=True
    )


def test_features_are_those_of_the_images(tmp_path):
    seen = evidence(tmp_path)
    np.testing.assert_allclose(seen.fake_features("net", "mean", 20), 2 * FAKE.mean((1, 2)), rtol=1e-6)
    moments = seen.real_moments("train", "net", "mean")
    assert moments.n == 30
    np.testing.assert_allclose(moments.mean, 2 * REAL.mean((0, 1, 2)), rtol=1e-6)
    some = seen.real_features("train", "net", "mean", 5)
    chosen = seen.chosen(seen.reals("train"), 5)
    assert len(set(chosen)) == 5
    np.testing.assert_allclose(some, 2 * REAL[chosen].mean((1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(seen.real_images("train", 5), REAL[chosen])


def test_the_cache_is_used_and_follows_pixels_and_weights(tmp_path):
    first = evidence(tmp_path).real_features("train", "net", "mean", 30)
    (file,) = tmp_path.iterdir()
    with np.load(file) as kept:
        changed = {**kept, "mean": first + 1}
    np.savez(file, **changed)  # so that a use of the cache shows
    np.testing.assert_array_equal(evidence(tmp_path).real_features("train", "net", "mean", 30), first + 1)
    np.testing.assert_array_equal(evidence(tmp_path, weights="cd").real_features("train", "net", "mean", 30), first)
    other = REAL.copy()
    other[3, 1, 1] ^= 255
    assert not np.array_equal(evidence(tmp_path, real=other).real_features("train", "net", "mean", 30), first + 1)
    for torn in (b"torn", file.read_bytes()[:-40]):
        file.write_bytes(torn)
        np.testing.assert_array_equal(evidence(tmp_path).real_features("train", "net", "mean", 30), first)


def test_sets_of_one_name_keep_their_own_features(tmp_path):
    """In memory and on disk: two folders may end alike."""
    other = np.random.default_rng(1).integers(0, 256, (30, 4, 4, 1), np.uint8)

    def seen():
        net = Extractor(_means, {"weight": jnp.float32(2)}, "net", "none", "ab")
        real, fake = ArraySet(REAL, name="test"), ArraySet(other, name="test")
        return Evidence(fake, {"train": lambda: real}, lambda name: net, make_mesh(), cache=tmp_path, quiet=True)

    for _ in range(2):  # made, and from the cache
        found = seen()
        fakes, reals = found.fake_features("net", "mean", 30), found.real_features("train", "net", "mean", 30)
        np.testing.assert_allclose(fakes, 2 * other.mean((1, 2)), rtol=1e-6)
        np.testing.assert_allclose(reals, 2 * REAL.mean((1, 2)), rtol=1e-6)
        np.testing.assert_allclose(found.real_moments("train", "net", "mean").mean, 2 * REAL.mean((0, 1, 2)), rtol=1e-6)
        np.testing.assert_allclose(found.fake_moments("net", "mean", 30).mean, 2 * other.mean((0, 1, 2)), rtol=1e-6)
        assert np.array_equal(found.fake_images(30), other) and np.array_equal(found.real_images("train", 30), REAL)
        assert found.fingerprint(found.fake_set, 30) != found.reference_hash("train", 30, False, False)


def test_moments_of_many_images_are_those_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_jax.evaluators.evidence._KEPT", 5)
    monkeypatch.setattr("gan_jax.evaluators.extraction._ROWS", 7)
    for found in (evidence(tmp_path).real_moments("train", "net", "mean") for _ in range(2)):
        assert found.n == 30
        np.testing.assert_allclose(found.covariance(), np.cov(2 * REAL.mean((1, 2, 3)))[None, None], rtol=1e-5)


def test_a_reference_is_told_by_labels_where_they_count():
    of = lambda labels, *which: evidence(None, labels=labels).reference_hash("train", 30, *which)
    one, other = np.arange(30) % 3, np.arange(30) % 2
    assert of(one, False, False) == of(other, False, False) != of(one, True, False)
    assert of(one, False, True) != of(other, False, True)


def test_the_images_that_stand_for_a_set_are_read_and_no_others():
    """Checking a set of millions of which a score takes thousands must not read millions."""
    seen, read = evidence(None), []
    images = seen.reals("train")
    whole, images.images = images.images, lambda indices: read.extend(indices) or whole(indices)
    assert seen.fingerprint(images, 9) == fingerprint(ArraySet(REAL[seen.chosen(images, 9)]))
    assert read == seen.chosen(images, 9).tolist()


def test_a_file_that_an_older_version_kept_is_not_believed(tmp_path):
    """It was named for 256 of the images, and for the name of whichever set was seen first."""
    seen, older = evidence(tmp_path), {"mean": np.zeros((30, 1), np.float32)}
    facts = [20_190_412, seen.fingerprint(seen.reals("train"), 30), "net", "none", "ab", "features 30"]
    kept_on_disk(tmp_path, [1, *facts], lambda: older)
    assert seen.real_features("train", "net", "mean", 30).any()
    assert kept_on_disk(tmp_path, [2, *facts], lambda: older)["mean"].any()  # what was made has another file


def test_a_seed_that_is_another_seeds_is_refused():
    for seed in (2**32, -1, 1.5, True):
        with pytest.raises(ValueError, match="a seed is from 0 to 4294967295"):
            Evidence(ArraySet(FAKE), {}, None, make_mesh(), seed=seed)


def test_a_cache_that_cannot_be_written_loses_no_score(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    found = evidence(blocked / "cache").real_features("train", "net", "mean", 30)
    assert found.shape == (30, 1)


def test_a_network_is_opened_once(tmp_path):
    opened = []
    seen = evidence(tmp_path, opened=opened)
    seen.real_features("train", "net", "mean", 30)
    seen.fake_features("net", "mean", 20)
    assert opened == ["net"]


def test_what_is_missing_is_told(tmp_path):
    seen = evidence(tmp_path)
    with pytest.raises(ValueError, match="no 'validation' split; it has train, test"):
        seen.reals("validation")
    with pytest.raises(ValueError, match="31 images are needed, and reals has 30"):
        seen.real_images("train", 31)
    with pytest.raises(ValueError, match="reals has no labels"):
        seen.real_labels("train", 30)
    with pytest.raises(ValueError, match="fakes has no labels"):
        seen.fake_labels(20)
    labels = np.arange(30) % 3
    np.testing.assert_array_equal(evidence(tmp_path, labels=labels).real_labels("train", 30), labels)


def test_a_file_of_the_cache_that_was_renamed_is_not_believed(tmp_path):
    for number in (1, 2):
        kept_on_disk(tmp_path, [number], lambda number=number: {"mean": np.full(3, number)})
    first, second = sorted(tmp_path.glob("*.npz"))
    second.replace(first)
    assert [kept_on_disk(tmp_path, [n], lambda n=n: {"mean": np.full(3, n)})["mean"][0] for n in (1, 2)] == [1, 2]
    assert set(kept_on_disk(tmp_path, [1], dict)) == {"mean"}

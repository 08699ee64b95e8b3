"""Evidence is made once, kept on disk under what shapes it, and asked for in sentences."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
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
    np.savez(file, mean=first + 1)  # so that a use of the cache shows
    np.testing.assert_array_equal(evidence(tmp_path).real_features("train", "net", "mean", 30), first + 1)
    np.testing.assert_array_equal(evidence(tmp_path, weights="cd").real_features("train", "net", "mean", 30), first)
    other = REAL.copy()
    other[3, 1, 1] ^= 255
    assert not np.array_equal(evidence(tmp_path, real=other).real_features("train", "net", "mean", 30), first + 1)
    for torn in (b"torn", file.read_bytes()[:-40]):
        file.write_bytes(torn)
        np.testing.assert_array_equal(evidence(tmp_path).real_features("train", "net", "mean", 30), first)


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

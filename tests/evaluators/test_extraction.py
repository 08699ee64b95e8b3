import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.architectures import mlp
from gan_jax.evaluators.extraction import draw_samples, extract, extract_batches
from gan_jax.evaluators.image_set import ArraySet, fingerprint
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.runtime.mesh import make_mesh


class Sums(struct.PyTreeNode):
    """A network that is easy to check: sums over pixels, times a weight."""

    weight: jax.Array

    def __call__(self, images):
        x = images.astype(jnp.float32)
        return {"sum": jnp.sum(x, (1, 2)) * self.weight, "map": x[:, :2]}


@pytest.fixture(scope="module")
def mesh():
    return make_mesh()


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return ArraySet(rng.integers(0, 256, (21, 4, 4, 3), np.uint8))


def _sampler(num_classes=0):
    generator = mlp.Generator((4, 4, 1), (5,), num_classes)
    label = jnp.zeros(2, jnp.int32) if num_classes else None
    variables = generator.init(jax.random.key(3), jnp.zeros((2, 4)), label, train=False)
    return GeneratorSampler(generator, variables, normal(4), num_classes)


def test_features_come_in_the_order_of_the_indices_whatever_the_batch(images, mesh):
    indices = np.array([5, 0, 20, 7, 1, 1, 9])
    expected = images.images(indices).astype(np.float32).sum((1, 2)) * 2
    for batch_size in (3, 7, 64):
        found = extract(Sums(jnp.float32(2)), images, indices, mesh, batch_size, quiet=True)
        np.testing.assert_array_equal(found["sum"], expected)
        np.testing.assert_array_equal(found["map"], images.images(indices)[:, :2].reshape(7, -1))
    parts = [len(part["sum"]) for part in extract_batches(Sums(jnp.float32(1)), images, indices, mesh, 3, quiet=True)]
    assert parts == [3, 3, 1]


def test_a_sample_depends_on_the_seed_and_its_number_alone(mesh):
    sampler = _sampler(num_classes=3)
    seen = {"sums": Sums(jnp.float32(1))}
    short = draw_samples(sampler, 5, mesh, seed=1, batch_size=4, extractors=seen, keep_images=5, quiet=True)
    long = draw_samples(sampler, 9, mesh, seed=1, batch_size=9, extractors=seen, keep_images=9, quiet=True)
    np.testing.assert_array_equal(short.images, long.images[:5])
    np.testing.assert_array_equal(short.labels, long.labels[:5])
    np.testing.assert_array_equal(long.features["sums"]["sum"], long.images.astype(np.float32).sum((1, 2)))
    other = draw_samples(sampler, 5, mesh, seed=2, batch_size=4, keep_images=5, quiet=True)
    assert not np.array_equal(other.images, short.images)
    assert len({tuple(image.ravel()) for image in long.images}) == 9


def test_samples_are_the_generators_images_in_eight_bits(mesh):
    sampler = _sampler()
    drawn = draw_samples(sampler, 3, mesh, seed=0, batch_size=4, keep_images=3, quiet=True)
    of_latents = jax.random.fold_in(jax.random.key(0), 0)
    latents = jnp.concatenate([jax.random.normal(jax.random.fold_in(of_latents, i), (1, 4)) for i in range(3)])
    images = np.asarray(sampler.synthesize({"z": latents})[0])
    np.testing.assert_allclose(drawn.images, np.clip(images, -1, 1) * 127.5 + 127.5, atol=0.501)
    assert drawn.images.dtype == np.uint8 and drawn.labels is None


def test_samples_that_are_not_finite_have_no_score(mesh):
    """In eight bits NaN would pass for black."""
    sampler = _sampler()
    spoilt = sampler.replace(variables=jax.tree.map(lambda x: x.at[0].set(jnp.nan), sampler.variables))
    with pytest.raises(ValueError, match="samples 0 to 3 hold NaN: the generator has diverged"):
        draw_samples(spoilt, 3, mesh, batch_size=4, keep_images=3, quiet=True)


def test_each_extractor_sees_as_many_as_it_asked_for(mesh):
    nets = {"few": Sums(jnp.float32(1)), "many": Sums(jnp.float32(2))}
    drawn = draw_samples(
        _sampler(), 10, mesh, batch_size=4, extractors=nets, counts={"few": 3, "many": 10}, keep_images=2, quiet=True
    )
    assert len(drawn.images) == 2
    assert len(drawn.features["few"]["sum"]) == 3
    np.testing.assert_allclose(drawn.features["many"]["sum"][:3], 2 * drawn.features["few"]["sum"], rtol=1e-6)


def test_samples_may_start_from_real_elements(mesh):
    """Element i of the sample starts from what is given for i, in every batch; on a mesh it is whole everywhere."""

    class Negative(struct.PyTreeNode):
        given: tuple = struct.field(pytree_node=False, default=("a",))

        def starts(self, key, indices, given=None):
            return {"a": given["a"], "index": indices}

        def map(self, starts):
            return starts

        def synthesize(self, codes, taps=(), edits=None):
            return -codes["a"], {}

    given = lambda indices: {
        "a": np.broadcast_to(indices[:, None, None, None] / 32 - 1, (len(indices), 2, 2, 1)).astype("f4")
    }
    drawn = draw_samples(Negative(), 20, mesh, given=given, batch_size=8, keep_images=20, quiet=True)
    expected = np.round((1 - np.arange(20) / 32) * 127.5 + 127.5).astype(np.uint8)
    np.testing.assert_array_equal(drawn.images[:, 0, 0, 0], expected)
    assert drawn.labels is None


def test_points_are_not_images():
    with pytest.raises(ValueError, match="uint8"):
        ArraySet(np.zeros((3, 2), np.float32))


def test_the_fingerprint_follows_the_pixels(images):
    other = images.images(np.arange(21)).copy()
    assert fingerprint(ArraySet(other)) == fingerprint(images)
    other[20, 0, 0, 0] ^= 1
    assert fingerprint(ArraySet(other)) != fingerprint(images)
    assert fingerprint(ArraySet(other[:20])) != fingerprint(ArraySet(other))


def test_the_fingerprint_covers_every_image():
    many = np.random.default_rng(0).integers(0, 256, (1000, 3, 2, 1), np.uint8)
    known = {fingerprint(ArraySet(many))}
    for i in (0, 1, 255, 256, 511, 998, 999):
        other = many.copy()
        other[i, 2, 1, 0] ^= 1
        known.add(fingerprint(ArraySet(other)))
    assert len(known | {fingerprint(ArraySet(many[::-1]))}) == 9


def test_a_sample_of_a_seed_that_is_another_seeds_is_refused(mesh):
    with pytest.raises(ValueError, match="a seed is from 0 to 4294967295"):
        draw_samples(_sampler(), 2, mesh, seed=2**32)

"""SeFa and GANSpace find what is known of a generator, and agree with the published formulas on the same arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.directions.ganspace import fitted, principal_directions, regressed
from gan_jax.analysis.directions.sefa import factorized, first_weights, signed

KEY = jax.random.key(0)
GLASSES, BEARD = np.array([1.0, 0, 0, 0, 0]), np.array([0.6, 0.8, 0, 0, 0])  # of the linear generator
RNG = np.random.default_rng(0)


def test_the_directions_of_a_known_matrix():
    """Columns along e0 (three of them, of any length) and e1 (one): A A^T is diag(3, 1, 0)."""
    weights = [np.array([[2.0, 0.0], [0.0, -5.0], [0.0, 0.0]]), np.array([[-0.1, 7.0], [0, 0], [0, 0]])]
    vectors, values = factorized(weights)
    np.testing.assert_allclose(values, [3, 1, 0], atol=1e-12)
    np.testing.assert_allclose(np.abs(vectors), np.eye(3), atol=1e-12)
    assert np.all(vectors.max(1) > 0.99)  # signs are those of the largest entries
    with pytest.raises(ValueError, match=r"from one space, not from \[3, 2\]"):
        factorized([np.ones((3, 2)), np.ones((2, 2))])
    assert np.isfinite(factorized([np.array([[1.0, 0], [1.0, 0]])])[0]).all()


def test_the_directions_are_the_authors_sorted():
    """The published code: join, unit columns, eig of A A^T. It leaves them unsorted; sorted, they are the same lines."""
    weights = [RNG.normal(size=(6, n)) for n in (9, 4)]
    joined = np.concatenate(weights, 1)
    joined /= np.linalg.norm(joined, axis=0, keepdims=True)
    values, vectors = np.linalg.eig(joined @ joined.T)
    order = np.argsort(-values)
    ours, strengths = factorized(weights)
    np.testing.assert_allclose(strengths, values[order])
    np.testing.assert_allclose(ours, signed(vectors.T[order]), atol=1e-8)


def test_the_weights_are_those_that_the_styles_come_from(styled):
    """A step along n in layer 1 moves that layer's style by n's product with the kernel that is found for it."""
    space, kernels = first_weights(styled)
    assert space == "w" and len(kernels) == 4
    synthesis = styled.variables["params"]["synthesis"]
    for layer, name in enumerate(("level0_conv", "level1_up", "level1_conv")):
        np.testing.assert_array_equal(kernels[layer], synthesis[name]["conv"]["style"]["kernel"])
    np.testing.assert_array_equal(kernels[3], synthesis["level1_to_image"]["style"]["kernel"])
    _, chosen = first_weights(styled, (1, 3))
    np.testing.assert_array_equal(chosen[0], kernels[1])
    assert len(chosen) == 2


@pytest.mark.parametrize("name", ["progan_faces", "ssgan_faces", "stylegan_faces"])
def test_shipped_models_have_weights_to_read(name):
    from gan_jax.zoo.model import load

    sampler = load(name).sampler
    space, kernels = first_weights(sampler)
    dim = {"z": sampler.latents.dim, "w": 64}[space]
    assert space == ("w" if name.startswith("stylegan") else "z") and {len(each) for each in kernels} == {dim}


def test_what_sefa_cannot_read_is_refused(plain, styled, linear):
    with pytest.raises(ValueError, match="layers are of generators with codes w"):
        first_weights(plain, (0, 1))
    with pytest.raises(ValueError, match="the first layer of a .*mlp is not known to SeFa"):
        first_weights(plain)
    with pytest.raises(ValueError, match="does not show any"):
        first_weights(linear())


def test_components_of_w_are_those_of_its_covariance(styled):
    num = 600
    found = principal_directions(styled, KEY, num, 3, progress=False)
    w = np.asarray(styled.map(styled.starts(KEY, jnp.arange(num)))["w"][:, 0], np.float64)
    values, vectors = np.linalg.eigh(np.cov(w.T))
    np.testing.assert_allclose(found.deviations, np.sqrt(values[::-1][:3]), rtol=1e-3)
    np.testing.assert_allclose(found.vectors, signed(vectors.T[::-1][:3]), atol=1e-2)
    np.testing.assert_allclose(found.shares, values[::-1][:3] / values.sum(), rtol=1e-3)


def test_an_activation_is_regressed_to_the_latents_that_make_it(linear):
    """The two numbers drawn are GLASSES . w and BEARD . w: their components span the plane of both."""
    sampler = linear(styled=False)
    found = principal_directions(sampler, KEY, 500, 2, tap="drawn", progress=False)
    assert found.space == "z" and np.all(found.deviations == 1)
    drawn = np.stack([GLASSES, BEARD], 1)
    values, vectors = np.linalg.eigh(drawn.T @ drawn)
    wanted = (drawn @ vectors[:, ::-1] / np.sqrt(values[::-1])).T  # A v / sigma: the singular vectors of the map
    assert np.all(np.abs(np.sum(found.vectors * wanted, 1)) > 0.99)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1)
    in_w = principal_directions(linear(), KEY, 500, 2, tap="drawn", progress=False)
    assert in_w.space == "w" and np.all(np.abs(np.sum(in_w.vectors * wanted, 1)) > 0.99)
    np.testing.assert_allclose(in_w.deviations, 2, rtol=0.1)


def test_components_and_regression_are_the_authors():
    """The published code, in words of one's own: incremental PCA by batches; M = lstsq(A / deviation, Z), rows of length 1."""
    from scipy.linalg import lstsq
    from sklearn.decomposition import IncrementalPCA

    acts, points = RNG.normal(size=(300, 12)) @ RNG.normal(size=(12, 12)), RNG.normal(size=(300, 4))
    theirs = IncrementalPCA(3, batch_size=max(100, 2 * 3)).partial_fit(acts)
    ours = fitted(iter(np.split(acts, 3)), 3)
    np.testing.assert_allclose(signed(ours.components_), signed(theirs.components_), atol=1e-8)
    coordinates = (acts - theirs.mean_) @ theirs.components_.T / np.sqrt(theirs.explained_variance_)
    rows = lstsq(coordinates, points, lapack_driver="gelsd")[0]
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    np.testing.assert_allclose(regressed(coordinates, points), rows, atol=1e-8)


def test_many_batches_are_joined_and_none_is_too_small_for_a_fit():
    wide = RNG.normal(size=(5000, 3)) * [3.0, 2.0, 1.0]
    ours = fitted(iter(np.array_split(wide, 79)), 2)
    assert ours.n_samples_seen_ == 5000
    values, vectors = np.linalg.eigh(np.cov(wide.T))
    np.testing.assert_allclose(ours.explained_variance_, values[::-1][:2], rtol=1e-2)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"components": 500}, "components are from 1 to below the number of samples, 500; got 500"),
        ({"components": 2, "space": "z"}, "the components of z are those of chance"),
        ({"components": 2, "space": "w+"}, "directions are in z or w"),
        ({"components": 6}, "5 numbers have as many components, not 6"),
    ],
)
def test_what_ganspace_refuses(settings, says, linear):
    with pytest.raises(ValueError, match=says):
        principal_directions(linear(), KEY, 500, **settings, progress=False)


def test_an_unknown_tap_is_told_with_those_there_are(styled):
    with pytest.raises(ValueError, match="has no tap block9; it has synthesis/block0"):
        principal_directions(styled, KEY, 20, 2, tap="block9", progress=False)

import itertools
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.features import inception_network
from gan_jax.features.convert_torch import convert_inception
from gan_jax.features.inception import fold_batch_norm, inception, random_variables, units
from gan_jax.features.inception_network import TAPS, Inception, Unit, max_pool, mean_pool
from gan_jax.features.weights import Weights, weights_hash

# {tap: float32 [2, F / 16]}: every 16th feature that torch-fidelity 0.4.0 gives for `pictures((24, 20))` with
# `random_variables(0)`. `test_features_are_torch_fidelitys` makes this file where it is missing, and else checks it.
GOLDEN = pathlib.Path(__file__).parent / "golden" / "inception.npz"
EVERY = 16


def pictures(size):
    """uint8 [2, H, W, 3]: noise, and a gradient with fainter noise."""
    x = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    x[1] = x[1] // 3 + np.linspace(0, 160, size[1]).astype(np.uint8)[None, :, None]
    return x


def state_dict(variables):
    """The variables under the names and in the shapes of PyTorch."""
    state = {"fc.weight": variables["params"]["fc"]["kernel"].T, "fc.bias": variables["params"]["fc"]["bias"]}
    for name, stats in variables["batch_stats"].items():
        unit = variables["params"][name]
        state[f"{name}.conv.weight"] = np.einsum("hwio->oihw", unit["kernel"])
        state |= {f"{name}.bn.weight": unit["scale"], f"{name}.bn.bias": unit["bias"]}
        state |= {f"{name}.bn.running_mean": stats["mean"], f"{name}.bn.running_var": stats["var"]}
        state[f"{name}.bn.num_batches_tracked"] = np.zeros((), np.int64)
    return state


@pytest.fixture(scope="module")
def variables():
    return random_variables(0)


@pytest.fixture(params=["cpu", "default"])
def form(request, monkeypatch):
    """Traces what CPUs run, or what other devices run."""
    choose = lambda *args, **forms: forms[request.param](*args)
    monkeypatch.setattr(inception_network.lax, "platform_dependent", choose)


def relative_error(y, reference):
    return np.abs(y - reference).max() / np.abs(reference).max()


def test_features_against_golden_ones(variables):
    extractor, x = inception(variables, taps=TAPS), pictures((24, 20))
    fast = {"xla_backend_optimization_level": 0}
    features = jax.jit(lambda extractor, x: extractor(x)).lower(extractor, x).compile(fast)(extractor, x)
    with np.load(GOLDEN) as golden:
        for tap in TAPS:
            kept = golden[tap]
            assert features[tap].dtype == jnp.float32 and relative_error(*kept) > 0.1  # the two images differ
            for y, reference in zip(np.asarray(features[tap])[:, ::EVERY], kept, strict=True):
                assert relative_error(y, reference) < 1e-5, tap
    bias = variables["params"]["fc"]["bias"]
    np.testing.assert_allclose(features["logits"], features["logits_unbiased"] + bias[None], rtol=1e-5, atol=1e-5)
    assert [features[tap].shape for tap in TAPS] == [(2, n) for n in (64, 192, 768, 2048, 1008, 1008)]


def test_batch_norm_is_folded():
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.uniform(0.5, 1.5, shape).astype(np.float32)
    params = {"a": {"kernel": draw(3, 3, 2, 4), "scale": draw(4), "bias": draw(4)}, "fc": {"kernel": draw(4, 2)}}
    stats = {"a": {"mean": draw(4), "var": draw(4) / 1000}}  # as small as epsilon
    folded = fold_batch_norm({"params": params, "batch_stats": stats})["params"]
    x = draw(1, 5, 5, 2)
    y = Unit(4, (3, 3)).apply({"params": folded["a"]}, x)
    plain = Unit(4, (3, 3)).apply({"params": {"kernel": params["a"]["kernel"], "bias": np.zeros(4, np.float32)}}, x)
    column = lambda v: v.reshape(1, 1, 1, 4)
    norm = (plain - column(stats["a"]["mean"])) / np.sqrt(column(stats["a"]["var"]) + 1e-3)
    expected = norm * column(params["a"]["scale"]) + column(params["a"]["bias"])
    np.testing.assert_allclose(y, np.maximum(expected, 0), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(folded["fc"]["kernel"], params["fc"]["kernel"])


def windows(x, padding):
    """The pixels of each 3 x 3 window that lie inside the image, by the window's place."""
    edge = {"SAME": 1, "VALID": 0}[padding]
    for i, j in itertools.product(range(x.shape[1] - 2 + 2 * edge), range(x.shape[2] - 2 + 2 * edge)):
        yield (i, j), x[:, max(i - edge, 0) : i - edge + 3, max(j - edge, 0) : j - edge + 3]


def test_averages_do_not_count_the_padding(form):
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    y = np.asarray(jax.jit(mean_pool)(x))
    for (i, j), pixels in windows(x, "SAME"):
        np.testing.assert_allclose(y[:, i, j], pixels.mean((1, 2)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("strides", "padding"), [(2, "VALID"), (1, "SAME")])
def test_maxima(form, strides, padding):
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32) - 5  # a padding of zeros would show
    y = np.asarray(jax.jit(lambda x: max_pool(x, strides, padding))(x))
    expected = {place: pixels.max((1, 2)) for place, pixels in windows(x, padding)}
    places = [place for place in expected if not any(k % strides for k in place)]
    assert y.shape[1] * y.shape[2] == len(places)
    for i, j in places:
        np.testing.assert_array_equal(y[:, i // strides, j // strides], expected[i, j])


def test_unpadded_convolutions(form):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 7, 6, 3)), jnp.float32)
    unit = Unit(4, (3, 3), 1, "VALID")
    y, variables = unit.init_with_output(jax.random.key(0), x)
    padded = Unit(4, (3, 3), 1, "SAME").apply(variables, x)
    assert y.shape == (2, 5, 4, 4)
    np.testing.assert_allclose(y, padded[:, 1:-1, 1:-1], rtol=1e-5, atol=1e-6)


def test_the_mean_may_come_after_a_convolution_of_one_pixel():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 5, 3)), jnp.float32)
    y, variables = Unit(4, averaged=True).init_with_output(jax.random.key(0), x)
    np.testing.assert_allclose(y, Unit(4).apply(variables, mean_pool(x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("taps", "layers"), [(("64",), 3), (("192", "64"), 5), (("768",), 70), (("2048",), 94)])
def test_only_what_the_taps_need_is_there(taps, layers):
    images = jax.ShapeDtypeStruct((2, 299, 299, 3), jnp.float32)
    features, variables = jax.eval_shape(Inception(taps).init_with_output, jax.random.key(0), images)
    assert len(variables["params"]) == layers
    assert tuple(features) == taps


def test_the_size_of_the_network():
    kernels = dict(units())
    assert len(kernels) == 94
    weights = sum(np.prod(shape) + 2 * shape[-1] for shape in kernels.values()) + 2048 * 1008 + 1008
    assert weights == 23_834_568 + 8 * 2049  # torchvision's with 1000 classes and no auxiliary head; ours has 1008


def test_pytorchs_names_are_converted(variables):
    state = state_dict(variables)
    converted = convert_inception(state)
    assert weights_hash(converted) == weights_hash(variables)
    wrong = {**state, "fc.weight": np.zeros((1000, 2048), np.float32), "aux.weight": np.zeros(1)}
    del wrong["Mixed_5b.branch1x1.bn.bias"]
    listed = (
        r"3 entries differ.*Mixed_5b.branch1x1.bn.bias is missing; aux.weight is not known; fc.weight is \(1000, 2048\)"
    )
    with pytest.raises(ValueError, match=listed):
        convert_inception(wrong)


def test_extractors_say_what_they_are(variables):
    weights = Weights(variables, {}, "ab12")
    extractor = inception(weights, "clean")
    assert (extractor.name, extractor.resize, extractor.weights) == ("inception_2015", "clean", "ab12")
    assert extractor.apply is inception(weights, "clean").apply  # so that compiled programs are shared
    assert extractor.apply is not inception(weights).apply
    shapes = jax.eval_shape(extractor, jax.ShapeDtypeStruct((3, 32, 32, 1), jnp.uint8))
    assert {tap: leaf.shape for tap, leaf in shapes.items()} == {"2048": (3, 2048), "logits_unbiased": (3, 1008)}
    for leaf in jax.tree.leaves(extractor.variables):
        assert isinstance(leaf, jax.Array) and leaf.dtype == jnp.float32


def test_bad_arguments_are_refused(variables):
    with pytest.raises(ValueError, match="taps of the Inception network are 64, 192"):
        inception(variables, taps=("pool3",))
    with pytest.raises(ValueError, match="got none"):
        inception(variables, taps=())
    with pytest.raises(ValueError, match="'tf1', 'clean', not 'bilinear'"):
        inception(variables, "bilinear")
    with pytest.raises(ValueError, match="1 channel"):
        jax.eval_shape(inception(variables), jax.ShapeDtypeStruct((1, 8, 8, 4), jnp.uint8))


@pytest.fixture(scope="module")
def reference(torch_package, variables):
    """torch-fidelity's network with the same weights: uint8 [B, H, W, 3] -> {tap: [B, F]}."""
    module = torch_package("torch_fidelity.feature_extractor_inceptionv3")
    import torch

    state = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in state_dict(variables).items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: state)
        network = module.FeatureExtractorInceptionV3("reference", list(TAPS))

    def features(images, taps=TAPS):
        network.features_list = list(taps)
        with torch.no_grad():
            planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))
            return {tap: y.numpy() for tap, y in zip(taps, network(planes), strict=True)}

    return features


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_features_are_torch_fidelitys(reference, variables):
    """At all taps, in images of all sizes: relative error of the largest deviation under 1e-4."""
    fresh = {tap: y[:, ::EVERY] for tap, y in reference(pictures((24, 20))).items()}
    if not GOLDEN.exists():
        np.savez(GOLDEN, **fresh)
    with np.load(GOLDEN) as golden:
        for tap in TAPS:
            np.testing.assert_allclose(golden[tap], fresh[tap], rtol=1e-4, atol=1e-5)
    extract = jax.jit(lambda extractor, images: extractor(images))
    extractor = inception(convert_inception(state_dict(variables)), taps=TAPS)
    for size in ((32, 32), (64, 64), (128, 128), (299, 299), (320, 400)):
        features, theirs = extract(extractor, pictures(size)), reference(pictures(size))
        errors = {tap: float(relative_error(features[tap], theirs[tap])) for tap in TAPS}
        print(size, {tap: f"{error:.1e}" for tap, error in errors.items()})
        assert max(errors.values()) < 1e-4


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_features_take_no_longer_than_torch_fidelitys(reference, variables):
    """8 images of 32 x 32, both on all cores, alternating; the fastest of three runs of each counts."""
    images, taps = np.concatenate([pictures((32, 32))] * 4), ("2048", "logits_unbiased")
    extractor = inception(variables, taps=taps)
    extract = jax.jit(lambda extractor, images: extractor(images)).lower(extractor, images).compile()

    def seconds(f, *args):
        start = time.perf_counter()
        jax.block_until_ready(f(*args))
        return time.perf_counter() - start

    seconds(reference, images, taps), seconds(extract, extractor, images)
    both = [(seconds(reference, images, taps), seconds(extract, extractor, images)) for _ in range(3)]
    theirs, ours = map(min, zip(*both, strict=True))
    print(f"torch-fidelity {theirs / 8:.3f} s an image, gan_jax {ours / 8:.3f} s")
    assert ours < theirs

"""What an image of a sample is made from, and the ways of drawing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.game import Edit, sampled
from gan_jax.latents import normal, uniform
from gan_jax.methods.samplers import (
    GeneratorSampler,
    with_batch_norm,
    with_label,
    with_noise,
)
from gan_jax.methods.truncation import with_latent_truncation
from gan_jax.nn.noise import NoiseInjection
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import SelfModulatedBatchNorm
from gan_jax.nn.tap import tap


class Normed(linen.Module):
    """A generator of one number, 3 z, normalised: its images show which statistics were used."""

    @linen.compact
    def __call__(self, latents, label=None, train=False):
        x = BatchNorm(use_scale=False, use_bias=False, epsilon=0.0, name="norm")(3 * latents, train=train)
        return x[:, None, None, :]


@pytest.fixture(scope="module")
def sampler():
    generator = Normed()
    variables = generator.init(jax.random.key(0), jnp.zeros((2, 1)), train=False)
    return GeneratorSampler(generator, variables, normal(1))


def test_running_statistics_are_those_of_the_variables(sampler):
    z = jnp.array([[1.0], [2.0]])
    images = with_batch_norm(sampler, "running", jax.random.key(1)).synthesize({"z": z})[0]
    np.testing.assert_allclose(images.ravel(), [3.0, 6.0])  # mean 0, variance 1, as initialised


def test_batch_statistics_are_those_of_the_images_drawn(sampler):
    z = jnp.array([[1.0], [2.0], [6.0]])
    images, taps = with_batch_norm(sampler, "batch", jax.random.key(1)).synthesize({"z": z})
    expected = (z - 3) / np.sqrt(14 / 3)
    np.testing.assert_allclose(images.ravel(), expected.ravel(), rtol=1e-5)
    assert taps == {}


def test_standing_statistics_are_the_mean_over_batches(sampler):
    key = jax.random.key(5)
    standing = with_batch_norm(sampler, "standing", key, passes=3, batch_size=8)
    batches = [3 * sampler.starts(jax.random.fold_in(key, i), jnp.arange(8))["z"] for i in range(3)]
    found = standing.variables["batch_stats"]["norm"]
    np.testing.assert_allclose(found["mean"], [np.mean([np.mean(b) for b in batches])], rtol=1e-5)
    np.testing.assert_allclose(found["variance"], [np.mean([np.var(b, ddof=1) for b in batches])], rtol=1e-5)
    assert not standing.of_batch
    np.testing.assert_array_equal(sampler.variables["batch_stats"]["norm"]["mean"], [0.0])  # the old one is as it was


def test_standing_statistics_belong_to_the_truncation(sampler):
    wide = with_batch_norm(sampler, "standing", jax.random.key(0), passes=8)
    narrow = with_batch_norm(with_latent_truncation(sampler, 0.5), "standing", jax.random.key(0), passes=8)
    variance = lambda s: float(s.variables["batch_stats"]["norm"]["variance"][0])
    assert variance(wide) == pytest.approx(9.0, rel=0.15)
    assert variance(narrow) == pytest.approx(9 * 0.0806, rel=0.15)  # of N(0, 1) within +- 0.5


def test_every_norm_inside_another_gets_its_standing_statistics():
    class Modulated(linen.Module):
        @linen.compact
        def __call__(self, latents, label=None, train=False):
            x = SelfModulatedBatchNorm(name="outer")(latents[:, None, None, :], latents, train=train)
            return BatchNorm(name="inner")(x, train=train)

    variables = Modulated().init(jax.random.key(0), jnp.zeros((2, 3)), train=False)
    made = GeneratorSampler(Modulated(), variables, normal(3))
    standing = with_batch_norm(made, "standing", jax.random.key(0), passes=2, batch_size=4)
    shapes = lambda tree: jax.tree.map(jnp.shape, tree)
    assert shapes(standing.variables["batch_stats"]) == shapes(variables["batch_stats"])
    changed = jax.tree.map(
        lambda a, b: bool(np.any(a != b)), standing.variables["batch_stats"], variables["batch_stats"]
    )
    assert all(jax.tree.leaves(changed))
    assert standing.synthesize({"z": jnp.ones((2, 3))})[0].shape == (2, 1, 1, 3)


def test_wrong_statistics_are_refused(sampler):
    with pytest.raises(ValueError, match="one of running, batch, standing, not 'moving'"):
        with_batch_norm(sampler, "moving", jax.random.key(0))
    with pytest.raises(ValueError, match="1 pass or more"):
        with_batch_norm(sampler, "standing", jax.random.key(0), passes=0)
    with pytest.raises(ValueError, match="truncate before"):
        with_latent_truncation(with_batch_norm(sampler, "standing", jax.random.key(0)), 0.5)


# --- an image by its index

CLASSES, SIDE = 7, 3


class Noisy(linen.Module):
    """z, label -> [N, 3, 3, 2]: two layers with noise of their own, normalised, with taps between them."""

    num_classes: int = CLASSES

    @linen.compact
    def __call__(self, latents, label=None, train=False):
        x = jnp.concatenate([latents, jax.nn.one_hot(label, self.num_classes)], -1) if self.num_classes else latents
        x = linen.Dense(2 * SIDE**2, name="stem")(x).reshape(-1, SIDE, SIDE, 2)
        for i in range(2):
            x = tap(self, f"block{i}", jnp.tanh(NoiseInjection(name=f"noise{i}")(x)))
            x = BatchNorm(name=f"norm{i}")(x, train=train)
        return x


def noisy(**settings):
    keys = {"params": jax.random.key(3), "noise": jax.random.key(4)}
    zeros = jnp.zeros((2, 3)), jnp.zeros(2, jnp.int32)
    module = Noisy(settings.get("num_classes", CLASSES))
    variables = jax.jit(lambda: module.init(keys, *zeros, mutable=["params", "batch_stats"]))()
    loud = lambda path, leaf: jnp.array([1.0, -2.0]) if path[-1].key == "noise_scale" else leaf
    return GeneratorSampler(
        module, jax.tree.map_with_path(loud, variables), normal(3), **({"num_classes": CLASSES} | settings)
    )


@pytest.fixture(scope="module")
def loud():
    return noisy()


@pytest.fixture(scope="module")
def draw(compiled):
    """draw(sampler, indices, taps=(), edits=None) -> the images of key 5's sample at these indices, and the taps."""

    @compiled
    def run(sampler, indices, edits):
        codes = sampler.map(sampler.starts(jax.random.key(5), indices))
        return sampler.synthesize(codes, ("block0", "block1"), edits)

    return lambda sampler, indices, edits=None: run(sampler, jnp.asarray(indices), edits or {})


def data(starts):
    return {name: jax.random.key_data(leaf) if name == "noise" else leaf for name, leaf in starts.items()}


def test_starts_are_of_the_key_and_the_index_alone(loud):
    of = lambda indices, seed=5: data(loud.starts(jax.random.key(seed), jnp.asarray(indices)))
    whole = of(range(12))
    assert set(whole) == {"z", "label", "noise"} and whole["z"].shape == (12, 3)
    for indices in ([0], [11, 2, 2, 7], range(4, 12), [3, 1, 2, 0]):
        for name, leaf in of(indices).items():
            np.testing.assert_array_equal(leaf, whole[name][jnp.asarray(indices)])
    assert len(np.unique(whole["z"])) == 36 and len(np.unique(whole["noise"], axis=0)) == 12
    assert 1 < len(set(whole["label"].tolist())) and 0 <= whole["label"].min() and whole["label"].max() < CLASSES
    assert not np.any(np.all(whole["z"] == of(range(12), seed=6)["z"], axis=-1))
    far = of([2**31 - 1])
    assert not np.any(np.all(far["z"] == whole["z"], axis=-1))


def test_starts_hold_what_the_generator_takes():
    plain = noisy(num_classes=0)
    assert set(plain.starts(jax.random.key(0), jnp.arange(2))) == {"z", "noise"}
    silent = GeneratorSampler(
        Normed(), {"batch_stats": {"norm": {"mean": jnp.zeros(1), "variance": jnp.ones(1)}}}, normal(1)
    )
    assert set(silent.starts(jax.random.key(0), jnp.arange(2))) == {"z"}


def edits_of(n, seed=0):
    """Of n images, or of all alike where n is 1."""
    rng = np.random.default_rng(seed)
    made = lambda *shape: jnp.asarray(rng.uniform(0.2, 0.9, shape), jnp.float32)
    return {f"block{i}": Edit(made(n, SIDE, SIDE, 1), made(2), made(2)) for i in range(2)}


@pytest.mark.parametrize("edits", ["none", "shared", "each its own"])
def test_an_image_is_the_same_in_every_batch(loud, draw, edits):
    """Of 8, of 4, and alone, with its own edit or with one for all."""
    own = edits_of(8)
    of = {"none": lambda i: {}, "shared": lambda i: edits_of(1)}.get(
        edits, lambda i: {name: edit._replace(where=edit.where[jnp.asarray(i)]) for name, edit in own.items()}
    )
    whole, taps = draw(loud, range(8), of(range(8)))
    assert len({leaf.tobytes() for leaf in np.asarray(whole)}) == 8
    for indices in ([4, 5, 6, 7], [5], [7, 0, 5, 2]):
        images, seen = draw(loud, indices, of(indices))
        np.testing.assert_allclose(images, whole[jnp.asarray(indices)], atol=1e-6)
        for name, leaf in taps.items():
            np.testing.assert_allclose(seen[name], leaf[jnp.asarray(indices)], atol=1e-6)
    if edits != "none":
        plain = draw(loud, range(8))[0]
        assert np.all(np.abs(plain - whole).max((1, 2, 3)) > 1e-3)


def test_sampled_is_starts_map_and_synthesize(loud, draw):
    images, starts = sampled(loud, jax.random.key(5), jnp.arange(4))
    np.testing.assert_allclose(images, draw(loud, range(4))[0], atol=1e-6)
    assert set(starts) == {"z", "label", "noise"}


# --- ways of drawing


def test_noise_that_is_fixed_is_image_0s_for_all(loud, draw):
    fixed = with_noise(loud, "fixed")
    starts = data(fixed.starts(jax.random.key(5), jnp.arange(4)))
    first = data(loud.starts(jax.random.key(5), jnp.arange(4)))
    assert len(np.unique(starts["noise"], axis=0)) == 1
    np.testing.assert_array_equal(starts["noise"][0], first["noise"][0])
    np.testing.assert_array_equal(starts["z"], first["z"])
    new, same = draw(loud, range(4))[0], draw(fixed, range(4))[0]
    np.testing.assert_allclose(same[0], new[0], atol=1e-6)
    assert np.all(np.abs(same[1:] - new[1:]).max((1, 2, 3)) > 1e-3)
    np.testing.assert_allclose(draw(fixed, [2])[0][0], same[2], atol=1e-6)  # whether image 0 is drawn or not


def test_no_noise_is_the_network_without_it(loud, draw):
    none = with_noise(loud, "none")
    scales = [none.variables["params"][f"noise{i}"]["noise_scale"] for i in range(2)]
    assert not np.any(scales) and np.all(loud.variables["params"]["noise0"]["noise_scale"])
    first, taps = draw(none, range(4))
    kernel, bias = (loud.variables["params"]["stem"][name] for name in ("kernel", "bias"))
    starts = loud.starts(jax.random.key(5), jnp.arange(4))
    x = np.concatenate([starts["z"], np.eye(CLASSES)[starts["label"]]], -1) @ np.asarray(kernel) + np.asarray(bias)
    np.testing.assert_allclose(taps["block0"], np.tanh(x).reshape(4, SIDE, SIDE, 2), atol=1e-5)
    assert np.all(np.isfinite(first))
    assert with_noise(loud, "new") == loud
    with pytest.raises(ValueError, match="noise is new, fixed, none, not 'some'"):
        with_noise(loud, "some")


def test_all_of_one_class(loud, draw):
    third = with_label(loud, 3)
    starts, other = (data(each.starts(jax.random.key(5), jnp.arange(6))) for each in (third, loud))
    assert starts["label"].tolist() == [3] * 6 and starts["label"].dtype == jnp.int32
    for name in ("z", "noise"):
        np.testing.assert_array_equal(starts[name], other[name])
    here = np.flatnonzero(np.asarray(loud.starts(jax.random.key(5), jnp.arange(40))["label"]) == 3)[:2]
    np.testing.assert_allclose(draw(third, here)[0], draw(loud, here)[0], atol=1e-6)
    assert (third.num_classes, third.target, third.given) == (CLASSES, "image", ())
    assert with_label(loud, None) is loud
    for label in (-1, CLASSES):
        with pytest.raises(ValueError, match=f"label must be 0 to 6, got {label}"):
            with_label(loud, label)
    with pytest.raises(ValueError, match="this model is unconditional: it takes no label"):
        with_label(noisy(num_classes=0), 0)


def test_truncation_is_of_latents_that_have_tails(loud):
    narrow = with_latent_truncation(loud, 0.4)
    assert np.abs(narrow.starts(jax.random.key(5), jnp.arange(64))["z"]).max() <= 0.4
    assert with_latent_truncation(loud, None) is loud
    with pytest.raises(ValueError, match="truncation is for normal latents; this model's are uniform"):
        with_latent_truncation(noisy(num_classes=0).replace(latents=uniform(3)), 0.4)

    class FromImages:
        pass

    for refuse in (lambda s: with_latent_truncation(s, 0.4), lambda s: with_noise(s, "fixed")):
        with pytest.raises(ValueError, match=r"this one starts from images|draw no noise"):
            refuse(FromImages())
    with pytest.raises(ValueError, match="this sampler knows running statistics alone, not 'batch' ones"):
        with_batch_norm(FromImages(), "batch", jax.random.key(0))


def test_batch_statistics_are_exempt(loud, draw):
    """There an image depends on its neighbours, and one noise is drawn for the whole batch."""
    batch = with_batch_norm(loud, "batch", jax.random.key(0))
    whole, part = draw(batch, range(8))[0], draw(batch, range(4))[0]
    assert not np.allclose(whole[:4], part, atol=1e-3)
    np.testing.assert_allclose(whole.mean((0, 1, 2)), 0, atol=1e-5)  # normalised over all eight
    assert np.std([np.asarray(each) for each in whole], axis=0).min() > 1e-3


def test_ways_of_drawing_go_together(loud, draw):
    """In the order that they are applied in; a sampler is a pytree throughout."""
    made = with_latent_truncation(loud, 0.5)
    standing = jax.jit(lambda s: with_batch_norm(s, "standing", jax.random.key(0), passes=2, batch_size=8))(made)
    made = with_label(with_noise(standing, "fixed"), 2)
    images, taps = draw(made, range(4), edits_of(1))
    assert images.shape == (4, SIDE, SIDE, 2) and set(taps) == {"block0", "block1"}
    np.testing.assert_allclose(draw(made, [1, 3], edits_of(1))[0], images[jnp.array([1, 3])], atol=1e-6)


def test_a_sampler_is_shown_without_its_weights():
    shown = repr(GeneratorSampler(linen.Dense(2), {"params": {"kernel": jnp.ones((9, 9))}}, normal(3)))
    assert shown.startswith("GeneratorSampler(flax.linen.linear.Dense, ") and "1." not in shown

"""Named activations: what an edit does to them, in numbers, and to the images behind them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.game import Edit
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.nn.tap import activations, as_collection, edited, require_taps, tap

N, H, W, C = 2, 3, 4, 5


class Mapping(linen.Module):
    @linen.compact
    def __call__(self, z):
        for i in range(2):
            z = tap(self, f"layer{i}", jnp.tanh(linen.Dense(C, name=f"dense{i}")(z)))
        return z


class Generator(linen.Module):
    """z [N, 3] -> [N, 3, 4, 5], through a mapping with taps of its own."""

    @linen.compact
    def __call__(self, z, label=None, train=False):
        w = Mapping(name="mapping")(z)
        places = self.param("places", linen.initializers.normal(1.0), (H, W, C))
        x = tap(self, "block0", w[:, None, None] * places[None])
        return tap(self, "block1", jnp.tanh(x))


@pytest.fixture(scope="module")
def sampler():
    params = jax.jit(Generator().init)(jax.random.key(0), jnp.zeros((1, 3)))["params"]
    return GeneratorSampler(Generator(), {"params": params}, normal(3))


@pytest.fixture
def codes():
    return {"z": jnp.asarray(np.random.default_rng(1).normal(size=(N, 3)), jnp.float32)}


def make(where, scale, shift, dtype=jnp.float32):
    return Edit(*(jnp.asarray(each, dtype) for each in (where, scale, shift)))


@pytest.fixture
def edit(rng):
    """A map of an image each, with zeros in it, and scales and shifts of both signs."""
    where = rng.uniform(0, 1, (N, H, W, 1)) * (rng.uniform(size=(N, H, W, 1)) > 0.4)
    return make(where, rng.normal(size=C), rng.normal(size=C))


# --- the formula


@pytest.mark.parametrize("where", [(N, H, W, 1), (1, H, W, 1), (N, 1, 1, 1), (1, 1, W, 1), (1, 1, 1, 1)])
def test_an_edit_by_hand(rng, where):
    x, where, scale, shift = (rng.normal(size=shape) for shape in ((N, H, W, C), where, C, C))
    expected = x + where * (x * (scale - 1) + shift)
    found = jax.jit(edited)(jnp.float32(x), make(where, scale, shift))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_where_nothing_is_edited_x_is_itself(rng, edit, dtype):
    """To the bit, even where what stands in its place is infinite or no number; in x's dtype."""
    x = jnp.asarray(rng.normal(size=(N, H, W, C)), dtype)
    found = edited(x, edit._replace(scale=edit.scale.at[0].set(jnp.inf).at[1].set(jnp.nan)))
    off = np.broadcast_to(edit.where == 0, x.shape)
    assert found.dtype == dtype and off.any() and not off.all()
    np.testing.assert_array_equal(np.asarray(found)[off], np.asarray(x)[off])
    assert not np.isclose(np.asarray(found, np.float32)[~off], np.asarray(x, np.float32)[~off]).any(0).all()


def test_an_edit_of_scale_1_and_shift_0_changes_nothing(rng, edit):
    x = jnp.asarray(rng.normal(size=(N, H, W, C)), jnp.float32)
    np.testing.assert_array_equal(edited(x, edit._replace(scale=jnp.ones(C), shift=jnp.zeros(C))), x)


def test_an_edit_of_scale_0_and_shift_0_switches_units_off(rng):
    x = jnp.asarray(rng.normal(size=(N, H, W, C)), jnp.float32)
    units = jnp.array([1.0, 0, 1, 0, 1])
    found = edited(x, make(np.ones((1, 1, 1, 1)), units, np.zeros(C)))
    assert not found[..., jnp.array([1, 3])].any()
    np.testing.assert_allclose(found[..., ::2], x[..., ::2], rtol=1e-6)


def test_vectors_are_edited_too(rng):
    x = jnp.asarray(rng.normal(size=(N, C)), jnp.float32)
    np.testing.assert_allclose(edited(x, make([[1.0], [0.0]], np.zeros(C), np.ones(C))), [[1] * C, x[1]], rtol=1e-6)


@pytest.mark.parametrize(
    "shapes",
    [
        ((N, H, W), (C,), (C,)),
        ((N, H, W, C), (C,), (C,)),
        ((3, H, W, 1), (C,), (C,)),
        ((N, 2, W, 1), (C,), (C,)),
        ((N, H, W, 1), (1,), (C,)),
        ((N, H, W, 1), (C,), ()),
        ((N, H, W, 1), (N, C), (C,)),
    ],
)
def test_edits_of_other_shapes_are_refused(shapes):
    message = (
        r"an edit of block7 \[2, 3, 4, 5\] has where \[2, 3, 4, 1\] \(or 1 for a side\), scale and shift \[5\]; got "
    )
    with pytest.raises(ValueError, match=message + ".*".join(str(list(s)).replace("[", r"\[") for s in shapes[:1])):
        edited(jnp.zeros((N, H, W, C)), make(*map(np.ones, shapes)), "block7")


# --- in a network


@pytest.mark.parametrize("name", ["block0", "block1", "mapping/layer0", "mapping/layer1"])
def test_an_edit_is_of_the_layer_named(sampler, codes, edit, name):
    """It is seen in its own tap and in what follows; what comes before stays as it is."""
    order = ("mapping/layer0", "mapping/layer1", "block0", "block1")
    vector = name.startswith("mapping")
    edit = edit._replace(where=jnp.ones((N, 1))) if vector else edit
    run = jax.jit(lambda codes, edits: sampler.synthesize(codes, order, edits))
    plain, of_plain = run(codes, {})
    images, taps = run(codes, {name: edit})
    for i, each in enumerate(order):
        same = np.array_equal(taps[each], of_plain[each])
        assert same == (i < order.index(name)), each
    np.testing.assert_allclose(taps[name], edited(of_plain[name], edit), rtol=1e-5, atol=1e-6)
    assert not np.array_equal(images, plain)
    np.testing.assert_array_equal(images, taps["block1"])


def test_edits_add_up_along_the_network(sampler, codes, edit):
    images, taps = sampler.synthesize(codes, ("block0",), {"block0": edit, "block1": edit})
    np.testing.assert_allclose(images, edited(jnp.tanh(taps["block0"]), edit), rtol=1e-5, atol=1e-6)


def test_slopes_by_an_edit_are_differences(sampler, codes, edit):
    def value(edit):
        images, _ = sampler.synthesize(codes, (), {"block0": edit, "mapping/layer1": mapping})
        return jnp.sum(jnp.sin(3 * images))

    mapping = make(np.ones((1, 1)), np.full(C, 0.5), np.full(C, 0.1))
    along = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size, dtype=jnp.float32)).reshape(leaf.shape), edit)
    along = along._replace(where=along.where * (edit.where > 0))
    slope = jax.tree.reduce(jnp.add, jax.tree.map(jnp.vdot, jax.jit(jax.grad(value))(edit), along))
    step, value = 1e-2, jax.jit(value)
    after, before = (value(jax.tree.map(lambda e, a, s=s: e + s * a, edit, along)) for s in (step, -step))
    np.testing.assert_allclose(slope, (after - before) / (2 * step), rtol=2e-2)


def test_a_tap_that_there_is_not_is_answered_with_those_there_are(sampler, codes):
    message = "no tap block7; it has (?=.*block0)(?=.*block1)(?=.*mapping/layer0)(?=.*mapping/layer1)"
    with pytest.raises(ValueError, match=message):
        sampler.synthesize(codes, taps=("block0", "block7"))
    with pytest.raises(ValueError, match=message):
        sampler.synthesize(codes, edits={"block7": make(np.ones((1, 1)), np.ones(C), np.ones(C))})
    with pytest.raises(ValueError, match="no tap layer0; it has"):
        sampler.synthesize(codes, taps=("layer0",))
    with pytest.raises(ValueError, match=r"an edit of layer1 \[2, 5\] has where \[2, 1\]"):
        sampler.synthesize(codes, edits={"mapping/layer1": make(np.ones((2, 1)), np.ones(C + 1), np.ones(C))})


def test_names_and_collections():
    edits = {"block0": 1, "mapping/layer0": 2, "mapping/layer1": 3}
    assert as_collection(edits) == {"block0": 1, "mapping": {"layer0": 2, "layer1": 3}}
    assert activations({"taps": {"block0": (1,), "mapping": {"layer0": (2,)}}}) == {"block0": 1, "mapping/layer0": 2}
    assert activations({}) == {}
    require_taps((), {})


def test_nothing_is_sown_or_kept_where_nobody_asks(sampler, codes):
    images, taps = sampler.synthesize(codes)
    assert taps == {}
    np.testing.assert_allclose(sampler.generator.apply(sampler.variables, codes["z"]), images, rtol=1e-6)

"""Progressive GAN's and StyleGAN's networks: their sizes, what a fade is, and what a style does."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import progan, stylegan, stylegan2
from gan_jax.architectures.parts.levels import Levels
from gan_jax.nn.compiling import quick_options
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest

WIDTHS = {"channel_base": 64, "channel_max": 8}
SHAPE, BASE = (16, 8, 1), (4, 2)
STYLED = {"stylegan": stylegan, "stylegan2": stylegan2}


def counted(module, *args):
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(module.init, keys, *args)["params"]))


@pytest.mark.parametrize(
    ("of_g", "of_d", "counts"),
    [  # StyleGAN's G at 1024 is printed in its README; the others follow from the same widths
        (progan.Generator, progan.Discriminator, {1024: (23_079_115, 23_087_249), 128: (22_933_394, 22_941_313)}),
        (stylegan.Generator, stylegan.Discriminator, {1024: (26_219_627, 23_087_249), 128: (25_843_858, 22_941_313)}),
        (stylegan2.Generator, stylegan2.Discriminator, {1024: (30_370_060, 29_012_513), 256: (30_034_338, 28_864_129)}),
    ],
)
def test_full_networks_have_the_papers_number_of_parameters(of_g, of_d, counts):
    for side, expected in counts.items():
        shape = (side, side, 3)
        found = counted(of_g(shape), jnp.zeros((4, 512))), counted(of_d(shape), jnp.zeros((4, *shape)))
        assert found == expected, side


def test_an_image_is_the_base_times_a_power_of_two():
    assert [Levels((48, 32, 3), (3, 2), 64, 8).level_of((3 << k, 2 << k, 3)) for k in range(5)] == [0, 1, 2, 3, 4]
    for shape in ((24, 24, 3), (32, 16, 3), (2, 2, 3)):
        with pytest.raises(ValueError, match=r"do not grow from \(4, 4\): sizes are 4 x 4, 8 x 8"):
            Levels(shape, (4, 4), 64, 8)
    with pytest.raises(ValueError, match="base is a height and a width"):
        Levels((8, 8, 3), (4, 4, 4), 64, 8)


@pytest.mark.parametrize(
    ("module", "setting"),
    [(progan.Discriminator, "widened"), (progan.Discriminator, "rectified"), (stylegan.Generator, "bias")],
)
def test_choices_are_refused_with_the_known_ones(module, setting):
    with pytest.raises(ValueError, match=f"{setting} 'never' is not known. Known: "):
        module(SHAPE, BASE, **{setting: "never"})


@pytest.fixture(scope="module")
def made(compiled):
    """(module, variables) by name; none of the variables is zero."""
    found = {}
    rng = np.random.default_rng(0)
    for name, module in {
        "progan": progan.Generator(SHAPE, BASE, **WIDTHS),
        "stylegan": stylegan.Generator(SHAPE, BASE, w_dim=6, mapping_layers=2, **WIDTHS),
        "stylegan2": stylegan2.Generator(SHAPE, BASE, w_dim=6, mapping_layers=2, **WIDTHS),
        "discriminator": stylegan.Discriminator(SHAPE, BASE, **WIDTHS),
    }.items():
        given = jnp.zeros((4, *SHAPE)) if name == "discriminator" else jnp.zeros((4, 5))
        variables = dict(compiled(module.init)({"params": jax.random.key(0), "noise": jax.random.key(1)}, given))
        fill = lambda leaf: leaf + 0.3 * rng.normal(size=leaf.shape).astype(np.float32)
        found[name] = module, jax.tree.map(fill, {k: v for k, v in variables.items() if k in ("params", "averages")})
    return found


@functools.partial(jax.jit, static_argnums=0, static_argnames="shape", compiler_options=quick_options())
def applied(module, variables, x, **options):
    return module.apply(variables, x, rngs={"noise": jax.random.key(5)}, **options)


def apply(made, name, x, **options):
    return applied(*made[name], x, **options)


@pytest.mark.parametrize("name", ["progan", "stylegan"])
def test_a_fade_of_zero_is_the_level_below_enlarged(made, name):
    z = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    small = apply(made, name, z, shape=(8, 4, 1))
    at = lambda fade: apply(made, name, z, shape=SHAPE, fade=jnp.float32(fade))
    np.testing.assert_allclose(at(0), upsample_nearest(small), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(at(0.25), 0.25 * at(1) + 0.75 * at(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(at(1), apply(made, name, z), rtol=1e-5, atol=1e-5)  # what a finished network does
    assert np.abs(at(1) - at(0)).max() > 0.1


def test_a_discriminator_that_fades_in_sees_the_image_halved(made):
    images = np.random.default_rng(1).normal(size=(4, *SHAPE)).astype(np.float32)
    small = apply(made, "discriminator", np.asarray(downsample_mean(images))).logits
    at = lambda fade: apply(made, "discriminator", images, fade=jnp.float32(fade)).logits
    np.testing.assert_allclose(at(0), small, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(at(1), apply(made, "discriminator", images).logits, rtol=1e-5, atol=1e-6)
    assert np.abs(at(1) - at(0)).max() > 1e-3


def codes_of(made, name, z):
    module, variables = made[name]
    return module.apply(variables, z, method="map")


@pytest.mark.parametrize("name", STYLED)
def test_codes_from_layer_k_on_leave_what_is_below_untouched(made, compiled, name):
    module, variables = made[name]
    z = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32)
    codes = codes_of(made, name, z)
    assert codes.shape == (2, 6, 6) == (2, module.layers, module.w_dim)

    @compiled
    def levels(codes):
        options = {"rngs": {"noise": jax.random.key(5)}, "mutable": ["taps"], "method": "synthesize"}
        _, sown = module.apply(variables, codes, **options)
        return {name: value[0] for name, value in sown["taps"]["synthesis"].items()}

    first = 1 if name == "stylegan2" else 2  # the first code of level 1
    mixed = jnp.where((jnp.arange(6) < first)[None, :, None], codes, codes[::-1])
    before, after = levels(codes), levels(mixed)
    np.testing.assert_array_equal(before["block0"], after["block0"])
    assert np.abs(before["block1"] - after["block1"]).max() > 1e-3


@pytest.mark.parametrize("name", STYLED)
def test_training_mixes_codes_by_a_coin_a_group_and_moves_the_average(made, name):
    module, variables = made[name]
    z = np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32)
    mapped = lambda module, **options: module.apply(
        variables, z, method="map", rngs={"noise": jax.random.key(options.pop("seed", 0))}, **options
    )
    plain = mapped(module)
    assert np.ptp(plain, axis=1).max() == 0  # one code for all layers
    codes, moved = mapped(module.clone(mixing=1.0, mixing_group=4), train=True, mutable=["averages"])
    changed = np.any(np.asarray(codes != plain), -1)  # [8, layers]
    for group in (changed[:4], changed[4:]):
        assert (group == group[0]).all() and not group[0, 0] and group[0, -1]
        assert (np.diff(group[0].astype(int)) >= 0).all()  # from one layer on
    places = {
        int(np.argmax(np.any(np.asarray(mapped(module.clone(mixing=1.0), train=True, seed=seed) != plain), -1)[0]))
        for seed in range(40)
    }
    assert places == {1, 2, 3, 4, 5}
    none = mapped(module.clone(mixing=0.0), train=True)
    np.testing.assert_array_equal(none, plain)
    average = variables["averages"]["w"]
    np.testing.assert_allclose(moved["averages"]["w"], 0.995 * average + 0.005 * plain[:, 0].mean(0), rtol=1e-5)
    with pytest.raises(ValueError, match="a coin for every 3 images"):
        mapped(module.clone(mixing_group=3), train=True)


def test_other_latents_may_be_given(made):
    """As a task that changes them needs it: z + eps moves both parts, each by its own."""
    module, variables = made["stylegan"]
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(4, 5)).astype(np.float32) for _ in range(2))
    given = module.clone(other_latents="given", mixing=1.0)
    mapped = lambda z, **options: given.apply(variables, z, method="map", rngs={"noise": jax.random.key(0)}, **options)
    both = np.concatenate([a, b], -1)
    np.testing.assert_array_equal(mapped(both), codes_of(made, "stylegan", a))
    mixed = mapped(both, train=True)
    np.testing.assert_array_equal(mixed[:, 0], codes_of(made, "stylegan", a)[:, 0])
    np.testing.assert_allclose(mixed[:, -1], codes_of(made, "stylegan", b)[:, -1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixing": 1.5}, "mixing must be from 0 to 1"),
        ({"w_decay": 1.0}, "w_decay"),
        ({"other_latents": "new"}, "other_latents"),
        ({"mapping_layers": 0}, "w_dim is 5, not 6"),
        ({"mapping_layers": -1}, "mapping_layers"),
    ],
)
def test_what_a_styled_generator_refuses(made, options, message):
    module, _ = made["stylegan"]
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(module.clone(**options).init, keys, jnp.zeros((2, 5)))

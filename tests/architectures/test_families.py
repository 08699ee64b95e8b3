"""What every family of networks promises, by shapes alone: found by listing the folder."""

import importlib
import pkgutil

import jax
import jax.numpy as jnp
import pytest

from gan_jax import architectures
from gan_jax.nn.weights import ready_for_passes

MODULES = [
    importlib.import_module(f"gan_jax.architectures.{module.name}")
    for module in pkgutil.iter_modules(architectures.__path__)
]
OF_OTHER_SHAPES = {"maxout", "gan3d"}  # points; voxels
FAMILIES = {
    name: m
    for m in MODULES
    if hasattr(m, "Generator") and hasattr(m, "Discriminator")
    if (name := m.__name__.rpartition(".")[2]) not in OF_OTHER_SHAPES
}
# Growing families: 24 x 16 is 3 x 2 doubled three times.
GROWN = {"base": (3, 2), "channel_base": 64, "channel_max": 8}
STYLED = {**GROWN, "w_dim": 8, "mapping_layers": 1}
# Widths for tests: sizes of 24 x 16 are 3 x 2 after three halvings.
SMALL = {
    "acgan": ({"widths": (8, 8, 8)}, {"widths": (8, 8, 8, 8, 8)}),
    "biggan": ({"widths": (8, 8, 8, 8), "norm": "batch", "hierarchical": False}, {"widths": (8, 8, 8), "halvings": 2}),
    "biggan_deep": ({"widths": (8, 8, 8, 8)}, {"widths": (8, 8, 8), "halvings": 2}),
    "dcgan": ({"widths": (8, 8, 8)}, {"widths": (8, 8, 8)}),
    "infogan": ({"widths": (8, 8, 8), "hidden": 8}, {"widths": (8, 8, 8), "hidden": 8}),
    "mlp": ({"widths": (8,)}, {"widths": (8,)}),
    "progan": (GROWN, {**GROWN, "stddev_group": 3}),
    "r3gan": ({"widths": (8, 8, 8, 8), "group_width": 4}, {"widths": (8, 8, 8, 8), "group_width": 4}),
    "sndcgan": ({"widths": (8, 8, 8, 8)}, {"widths": (8,) * 7}),
    "sngan": ({"widths": (8, 8, 8, 8)}, {"widths": (8, 8, 8), "halvings": 2}),
    "stylegan": (STYLED, {**GROWN, "stddev_group": 3}),
    "stylegan2": (STYLED, {**GROWN, "stddev_group": 3, "label_dim": 4, "label_layers": 1}),
}
families = pytest.mark.parametrize("family", sorted(FAMILIES))
IMAGES = {"biggan", "biggan_deep", "dcgan", "sndcgan", "sngan"}  # their generators end in tanh
EQUALIZED = {"progan", "stylegan", "stylegan2"}  # weights with equalised learning rate; a class has a logit or a code
SCHEMED = set(FAMILIES) - EQUALIZED - {"r3gan"}  # whose D's weights may be normalised: R3GAN's begin at zero in part
NORMED = IMAGES - {"biggan_deep"}  # whose norms are a setting


def pair(family, shape, **more):
    """The family's two networks at a small width. more: settings of both."""
    g, d = SMALL[family]
    more |= {"base": (shape[0] // 8, shape[1] // 8)} if family in EQUALIZED else {}
    g, d = g | more, d | more
    return FAMILIES[family].Generator(shape, **g), FAMILIES[family].Discriminator(shape, **d)


def shapes_of(family, shape, n=6, label=None, **more):
    """((variables, output) of the generator, the same of the discriminator), as shapes and types."""
    generator, discriminator = pair(family, shape, **more)
    run = lambda net, x: jax.eval_shape(lambda: net.init_with_output(jax.random.key(0), x, label, train=True))[::-1]
    return run(generator, jnp.zeros((n, 5))), run(discriminator, jnp.zeros((n, *shape)))


def test_every_family_has_its_line_here():
    assert set(SMALL) == set(FAMILIES)


@families
@pytest.mark.parametrize("shape", [(24, 16, 1), (32, 16, 2), (8, 24, 3), (16, 16, 4)])
def test_any_size_that_divides_and_any_channels(family, shape):
    (_, images), (_, verdict) = shapes_of(family, shape)
    assert images.shape == (6, *shape) and images.dtype == jnp.float32
    assert verdict.logits.shape == (6,) and verdict.logits.dtype == jnp.float32
    pooled = verdict.features["pooled"]
    assert pooled.ndim == 2 and pooled.shape[0] == 6 and pooled.dtype == jnp.float32


@families
def test_bfloat16_is_for_products_alone(family):
    """Images, logits, pooled features and all that is remembered stay float32; maps in between are bfloat16."""
    (of_g, images), (of_d, verdict) = shapes_of(family, (24, 16, 3), dtype=jnp.bfloat16)
    kept = [{k: v for k, v in dict(tree).items() if k != "taps"} for tree in (of_g, of_d)]
    assert {leaf.dtype for leaf in jax.tree.leaves(kept)} == {jnp.dtype(jnp.float32)}
    assert images.dtype == verdict.logits.dtype == verdict.features["pooled"].dtype == jnp.float32
    between = [feature.dtype for name, feature in verdict.features.items() if name != "pooled"]
    assert between and set(between) == {jnp.dtype(jnp.bfloat16)}
    assert {leaf.dtype for leaf in jax.tree.leaves(of_g["taps"])} == {jnp.dtype(jnp.bfloat16)}


def casts_of_ready_kernels(net, x):
    """(How many kernels `ready_for_passes` gave bfloat16, the operations that give one of them another type.)"""
    programs = []

    def trace(x):
        variables = ready_for_passes(net, net.init(jax.random.key(0), x, train=True))
        options = {"train": True, "mutable": ["batch_stats"], "rngs": {"noise": jax.random.key(1)}}
        run = lambda params: net.apply({**variables, "params": params}, x, **options)
        programs.append(jax.make_jaxpr(run)(variables["params"]).jaxpr)

    jax.eval_shape(trace, x)
    kernels = {var for var in programs[0].invars if var.aval.dtype == jnp.bfloat16}
    casts = [each for each in programs[0].eqns if each.primitive.name == "convert_element_type"]
    return len(kernels), [each for each in casts if each.invars[0] in kernels]


@families
def test_kernels_that_are_cast_once_for_all_passes_are_used_in_that_type_alone(family):
    """A kernel that some pass needs in float32 would lose digits."""
    for net, x in zip(pair(family, (24, 16, 3), dtype=jnp.bfloat16), ((6, 5), (6, 24, 16, 3)), strict=True):
        kernels, casts = casts_of_ready_kernels(net, jnp.zeros(x))
        some = family != "mlp" and not (
            family == "stylegan2" and len(x) == 2
        )  # modulated ones are scaled in float32 first
        assert not casts and bool(kernels) == some


@families
def test_projection_needs_labels_and_takes_them(family):
    shape = (24, 16, 1)
    settings = SMALL[family][1] | {"num_classes": 3}
    discriminator = FAMILIES[family].Discriminator(shape, **settings)
    run = lambda label: jax.eval_shape(lambda: discriminator.init(jax.random.key(0), jnp.zeros((6, *shape)), label))
    with pytest.raises(ValueError, match="needs labels"):
        run(None)
    params = run(jnp.zeros(6, jnp.int32))["params"]
    if family in EQUALIZED:
        assert "labels" in params or params["head"]["kernel"].shape[1] == 3
        return
    assert params["projection"]["embedding"].shape[0] == 3
    plain = FAMILIES[family].Discriminator(shape, **SMALL[family][1])
    variables = jax.eval_shape(lambda: plain.init(jax.random.key(0), jnp.zeros((6, *shape)), jnp.zeros(6, jnp.int32)))
    assert "projection" not in variables["params"]  # labels of the data do not make a network conditional


@families
def test_conditional_generators_need_labels(family):
    settings = {"norm": "conditional_batch"} if family in NORMED else {}
    make = lambda **more: FAMILIES[family].Generator((24, 16, 1), **SMALL[family][0] | settings, **more)
    run = lambda net, label: jax.eval_shape(lambda: net.init(jax.random.key(0), jnp.zeros((6, 5)), label))
    with pytest.raises(ValueError, match="needs labels"):
        run(make(num_classes=3), None)
    assert run(make(num_classes=3), jnp.zeros(6, jnp.int32))
    if family in NORMED:
        with pytest.raises(ValueError, match="num_classes"):
            run(make(), jnp.zeros(6, jnp.int32))


@pytest.mark.parametrize("family", sorted(NORMED))
def test_unknown_norm_names_the_known(family):
    generator = FAMILIES[family].Generator((24, 16, 1), **SMALL[family][0] | {"norm": "batchnorm"})
    with pytest.raises(
        ValueError, match="unknown norm 'batchnorm'; known: none, batch, conditional_batch, self_modulated"
    ):
        jax.eval_shape(lambda: generator.init(jax.random.key(0), jnp.zeros((6, 5))))


@pytest.mark.parametrize("family", sorted(SCHEMED))
def test_unknown_scheme_names_the_known(family):
    discriminator = FAMILIES[family].Discriminator((24, 16, 1), **SMALL[family][1], scheme="spectrum")
    with pytest.raises(ValueError, match="unknown weight scheme 'spectrum'; known: .*'spectral'"):
        jax.eval_shape(lambda: discriminator.init(jax.random.key(0), jnp.zeros((6, 24, 16, 1))))


@pytest.mark.parametrize("family", sorted(IMAGES))
def test_images_are_in_range_and_evaluation_moves_nothing(family, filled, compiled):
    """Latents of any size; train=False reads the running statistics, so an image does not depend on its neighbours."""
    generator, _ = pair(family, (8, 8, 1))
    z = 3 * jax.random.normal(jax.random.key(0), (6, 5))
    variables = filled(generator, z)
    run = compiled(lambda variables, z: generator.apply(variables, z, train=False, mutable=["batch_stats"]))
    images, moved = run(variables, z)
    assert jnp.max(jnp.abs(images)) <= 1 and jnp.std(images) > 0.05
    assert jax.tree.all(jax.tree.map(jnp.array_equal, moved["batch_stats"], variables["batch_stats"]))
    other, _ = run(variables, jnp.concatenate([z[:1], -z[1:]]))
    assert jnp.allclose(other[0], images[0], atol=1e-5) and not jnp.allclose(other[1], images[1], atol=1e-2)


@families
def test_generators_show_their_taps(family, filled):
    """Every generator names the maps that analysis may look at: "block0", "block1", ..."""
    generator, _ = pair(family, (24, 16, 1))
    z = jnp.ones((2, 5))
    variables = filled(generator, z)
    rngs = {"noise": jax.random.key(0)}
    _, sown = jax.eval_shape(lambda: generator.apply(variables, z, mutable=["taps"], rngs=rngs))
    taps = sown["taps"].get("synthesis", sown["taps"])  # below it, where codes come first
    assert list(taps) == [f"block{i}" for i in range(len(taps))] and len(taps) > 0
    assert all(values[-1].shape[0] == 2 for values in taps.values())

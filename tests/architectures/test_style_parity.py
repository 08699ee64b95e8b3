"""The networks that grow and those of styles against PyTorch: outputs, gradients, and gradients of gradients.

With `-m parity`, where PyTorch is installed.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.architectures import progan, stylegan, stylegan2
from gan_jax.nn.noise import NoiseInjection

pytestmark = pytest.mark.parity

WIDTHS = {"channel_base": 256, "channel_max": 24}
SHAPE = (32, 16, 2)
BASE = (8, 4)
FADE = 0.3


@functools.cache
def filled(module, *shapes, label=False):
    """Variables of which none is zero, and arguments."""
    rng = np.random.default_rng(7)
    normal = lambda shape: rng.normal(size=shape).astype(np.float32)
    args = [normal(shape) for shape in shapes]
    if label:
        args.append(jnp.arange(len(args[0])) % 3)
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    leaves, tree = jax.tree.flatten(dict(module.init(keys, *args)))
    moved = [x + 0.2 * normal(x.shape) for x in leaves]
    return jax.tree.unflatten(tree, moved), args


def with_noise(apply, noises):
    """apply, of which every layer of noise takes the map [h, w, 1] kept by the name of its layer."""

    def call(*args):
        def give(next_call, args, options, context):
            if isinstance(context.module, NoiseInjection) and context.method_name == "__call__":
                name = context.module.path[-2]
                side = args[0].shape[1:3]
                noises.setdefault(name, np.random.default_rng(len(noises)).normal(size=(1, *side, 1)))
                return next_call(args[0], jnp.asarray(noises[name], jnp.float32))
            return next_call(*args, **options)

        with linen.intercept_methods(give):
            return apply(*args)

    return call


def compare(torch_style, ours, theirs, params, x):
    """ours(params, x) in JAX, theirs(params, x) in PyTorch: values, both gradients, the gradient of a squared slope."""
    torch = torch_style.torch
    out = jax.jit(ours)(params, x)
    weights = np.random.default_rng(0).normal(size=out.shape).astype(np.float32)
    total = lambda params, x: jnp.sum(ours(params, x) * weights)
    steep = lambda params, x: jnp.sum(jax.grad(total, 1)(params, x) ** 2)
    first, second = jax.jit(jax.grad(total, (0, 1)))(params, x), jax.jit(jax.grad(steep))(params, x)

    channels_first = lambda a: (
        np.moveaxis(np.asarray(a, np.float64), -1, 1) if a.ndim == 4 else np.asarray(a, np.float64)
    )
    p = torch_style.tensors(params)
    given = torch.tensor(channels_first(x), requires_grad=True)
    made = theirs(p, given)
    np.testing.assert_allclose(
        channels_first(out), made.detach().numpy(), rtol=0, atol=1e-4 * float(jnp.abs(out).max())
    )
    leaves, names = [], []
    for path, leaf in jax.tree.leaves_with_path(params):
        names.append("/".join(key.key for key in path))
        leaves.append(torch_style.at(p, names[-1]))
        assert leaf.shape == tuple(leaves[-1].shape)
    loss = (made * torch.tensor(channels_first(weights))).sum()
    *of_params, of_x = torch.autograd.grad(loss, [*leaves, given], create_graph=True, allow_unused=True)
    slopes = torch.autograd.grad((of_x**2).sum(), leaves, allow_unused=True)
    for got, expected in ((first[0], of_params), (second, slopes)):
        for name, a, b in zip(names, jax.tree.leaves(got), expected, strict=True):
            b = np.zeros(a.shape) if b is None else b.detach().numpy()
            scale = max(np.abs(b).max(), 1e-3)
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * scale, err_msg=name)
    of_x = of_x.detach().numpy()
    np.testing.assert_allclose(channels_first(first[1]), of_x, rtol=0, atol=1e-4 * np.abs(of_x).max())


def labels(torch_style, label):
    return None if label is None else torch_style.torch.tensor(np.asarray(label, np.int64))


def by_side(level):
    return (BASE[0] << level, BASE[1] << level, SHAPE[2])


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("classes", [0, 3])
def test_progan_generator(torch_style, level, classes):
    net = progan.Generator(SHAPE, BASE, num_classes=classes, **WIDTHS)
    variables, (z, *label) = filled(net, (4, 16), label=bool(classes))
    label = label[0] if classes else None
    ours = lambda params, z: net.apply({"params": params}, z, label, shape=by_side(level), fade=jnp.float32(FADE))
    of = labels(torch_style, label)
    theirs = lambda p, z: torch_style.progan_generator(p, z, BASE, level, FADE, of, classes)
    compare(torch_style, ours, theirs, variables["params"], z)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(("blur", "classes"), [(False, 0), (True, 3)])
def test_progan_and_stylegan_discriminators(torch_style, level, blur, classes):
    net = (stylegan if blur else progan).Discriminator(SHAPE, BASE, num_classes=classes, **WIDTHS)
    variables, (_, *label) = filled(net, (8, *SHAPE), label=bool(classes))
    label = label[0] if classes else None
    images = np.random.default_rng(3).normal(size=(8, *by_side(level))).astype(np.float32)
    ours = lambda params, x: net.apply({"params": params}, x, label, fade=jnp.float32(FADE)).logits
    of = labels(torch_style, label)
    theirs = lambda p, x: torch_style.progan_discriminator(p, x, level, FADE, 4, blur, of, classes)
    compare(torch_style, ours, theirs, variables["params"], images)


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("form", ["full", "classes", "pixel"])
def test_stylegan_generator(torch_style, level, form):
    options = {"pixel": {"constant": False, "noise": False, "norm": "pixel", "mapping_layers": 0, "w_dim": 16}}
    classes = 3 if form == "classes" else 0
    options = options.get(form, {"w_dim": 12, "mapping_layers": 3})
    net = stylegan.Generator(SHAPE, BASE, num_classes=classes, **WIDTHS, **options)
    variables, (z, *label) = filled(net, (4, 16), label=bool(classes))
    label, noises = label[0] if classes else None, {}
    state = {key: value for key, value in variables.items() if key != "params"}
    ours = with_noise(
        lambda params, z: net.apply(
            {"params": params, **state}, z, label, shape=by_side(level), fade=jnp.float32(FADE)
        ),
        noises,
    )
    torch = torch_style.torch

    def theirs(p, z):
        w = torch_style.mapping(p.get("mapping", {}), z, labels(torch_style, label))
        codes = w[:, None].repeat(1, 6, 1)
        maps = {name: torch.tensor(noise[0]) for name, noise in noises.items()}
        plain = form == "pixel"
        return torch_style.stylegan_synthesis(p["synthesis"], codes, BASE, level, FADE, maps, not plain, not plain)

    compare(torch_style, ours, theirs, variables["params"], z)


@pytest.mark.parametrize(("form", "classes"), [("skip", 0), ("skip", 3), ("residual", 0)])
def test_stylegan2_generator(torch_style, form, classes):
    net = stylegan2.Generator(SHAPE, BASE, form=form, w_dim=12, mapping_layers=2, num_classes=classes, **WIDTHS)
    variables, (z, *label) = filled(net, (4, 16), label=bool(classes))
    label, noises = label[0] if classes else None, {}
    state = {key: value for key, value in variables.items() if key != "params"}
    ours = with_noise(lambda params, z: net.apply({"params": params, **state}, z, label), noises)
    torch = torch_style.torch

    def theirs(p, z):
        label_ = labels(torch_style, label)
        codes = torch_style.mapping(p["mapping"], z, label_, second=True)[:, None].repeat(1, 6, 1)
        maps = {name: torch.tensor(noise[0]) for name, noise in noises.items()}
        return torch_style.stylegan2_synthesis(p["synthesis"], codes, maps, form == "skip")

    compare(torch_style, ours, theirs, variables["params"], z)


@pytest.mark.parametrize(("residual", "classes"), [(True, 0), (False, 3)])
def test_stylegan2_discriminator(torch_style, residual, classes):
    options = {"label_dim": 8, "label_layers": 2, "residual": residual}
    net = stylegan2.Discriminator(SHAPE, BASE, num_classes=classes, **WIDTHS, **options)
    variables, (images, *label) = filled(net, (8, *SHAPE), label=bool(classes))
    label = label[0] if classes else None
    ours = lambda params, x: net.apply({"params": params}, x, label).logits
    of = labels(torch_style, label)
    theirs = lambda p, x: torch_style.stylegan2_discriminator(p, x, 2, 4, residual, of)
    compare(torch_style, ours, theirs, variables["params"], images)

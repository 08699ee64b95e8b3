"""3D-GAN's networks: counted at full size, in shape by shape, and against PyTorch with copied weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures.gan3d import Discriminator, Generator
from gan_jax.architectures.view_encoder import Encoder

SMALL = (8, 16, 8, 1)


def test_parameter_counts(count):
    """4^3 kernels without biases; two numbers a channel of batch normalisation."""
    cube = lambda side: (side, side, side, 1)
    assert count(Generator(cube(64)), jnp.zeros((1, 200))) == 17_569_664
    assert count(Discriminator(cube(64)), jnp.zeros((1, *cube(64)))) == 11_048_832
    narrow = (256, 128, 64)
    of_g = 64 * (200 * 256 + 256 * 128 + 128 * 64 + 64) + 2 * 448
    assert count(Generator(cube(32), narrow), jnp.zeros((1, 200))) == of_g == 5_903_232
    of_critic = 64 * (64 + 64 * 128 + 128 * 256 + 256)
    assert count(Discriminator(cube(32), narrow[::-1], "none"), jnp.zeros((1, *cube(32)))) == of_critic == 2_641_920
    encoder = 64 * 121 * 3 + 25 * (64 * 128 + 128 * 256 + 256 * 512) + 2 * 960 + 8 * 8 * 512 * 400 + 400
    assert count(Encoder(), jnp.zeros((1, 256, 256, 3))) == encoder


def test_shapes():
    generator, discriminator = Generator(SMALL, (6, 4)), Discriminator(SMALL, (4, 6))
    run = lambda net, x: jax.eval_shape(lambda: net.init_with_output(jax.random.key(0), x, train=True)[0])
    assert run(generator, jnp.zeros((3, 5))).shape == (3, *SMALL)
    verdict = run(discriminator, jnp.zeros((3, *SMALL)))
    assert verdict.logits.shape == (3,)
    shapes = {name: tap.shape for name, tap in verdict.features.items()}
    assert shapes == {"conv0": (3, 4, 8, 4, 4), "conv1": (3, 2, 4, 2, 6), "pooled": (3, 96)}
    mean, log_variance = run(Encoder((4, 6), (5, 3), (4, 2), 7), jnp.zeros((3, 16, 16, 1)))
    assert mean.shape == log_variance.shape == (3, 7)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"image_shape": (8, 8, 1)}, "for voxels .depth, height, width, 1."),
        ({"image_shape": (8, 8, 12, 1), "widths": (4, 4, 4)}, "a multiple of 8, and 12 is none"),
        ({"norm": "layer"}, "'batch' or 'none', not 'layer'"),
    ],
)
def test_what_is_refused(settings, says):
    for made, x in ((Generator, jnp.zeros((1, 5))), (Discriminator, jnp.zeros((1, 8, 8, 8, 1)))):
        with pytest.raises(ValueError, match=says):
            made(**{"image_shape": (8, 8, 8, 1), "widths": (4,), **settings}).init(jax.random.key(0), x)
    with pytest.raises(ValueError, match="2 widths, 1 kernels and 2 strides"):
        Encoder((4, 4), (3,), (2, 2))


@pytest.mark.parity
@pytest.mark.parametrize("train", [True, False])
def test_parity_with_pytorch(train):
    """Outputs, and the gradients by every weight and by the input, of copied weights."""
    torch = pytest.importorskip("torch")
    rng, shape = np.random.default_rng(0), (8, 8, 8, 1)
    nn = torch.nn
    layers = {
        Generator(shape, (6, 4)): nn.Sequential(
            nn.ConvTranspose3d(5, 6, (2, 2, 2), 1, bias=False), nn.BatchNorm3d(6), nn.ReLU(),
            nn.ConvTranspose3d(6, 4, 4, 2, 1, bias=False), nn.BatchNorm3d(4), nn.ReLU(),
            nn.ConvTranspose3d(4, 1, 4, 2, 1, bias=False), nn.Sigmoid(),
        ),
        Discriminator(shape, (4, 6)): nn.Sequential(
            nn.Conv3d(1, 4, 4, 2, 1, bias=False), nn.BatchNorm3d(4), nn.LeakyReLU(0.2),
            nn.Conv3d(4, 6, 4, 2, 1, bias=False), nn.BatchNorm3d(6), nn.LeakyReLU(0.2),
            nn.Conv3d(6, 1, (2, 2, 2), bias=False),
        ),
    }  # fmt: skip
    names = {
        Generator: ("stem", "stem_norm", "deconv0", "norm0", "to_voxels"),
        Discriminator: ("conv0", "norm0", "conv1", "norm1", "head"),
    }
    for ours, theirs in layers.items():
        is_g = isinstance(ours, Generator)
        x = rng.normal(size=(3, 5) if is_g else (3, *shape)).astype(np.float32)
        variables = ours.init(jax.random.key(0), jnp.asarray(x))
        fill = lambda leaf: jnp.asarray(rng.uniform(0.1, 0.6, leaf.shape), jnp.float32)
        variables = jax.tree.map(fill, variables)
        for name, module in zip(names[type(ours)], [m for m in theirs if list(m.parameters())], strict=True):
            own = variables["params"][name]
            if "norm" in name:
                values = {"weight": own["scale"], "bias": own["bias"]}
                stats = variables["batch_stats"][name]
                values |= {"running_mean": stats["mean"], "running_var": stats["variance"]}
                module.load_state_dict({k: torch.tensor(np.array(v)) for k, v in values.items()}, strict=False)
            else:
                module.weight.data = torch.tensor(np.ascontiguousarray(to_torch(name, np.asarray(own["kernel"]))))
        theirs.train(train)
        of = (lambda out: out) if is_g else (lambda out: out.logits)
        weight = rng.normal(size=(3, *shape) if is_g else (3,)).astype(np.float32)

        def loss(params, x, ours=ours, variables=variables, weight=weight, of=of):
            mutable = ["batch_stats"] if train else False
            out = ours.apply({**variables, "params": params}, x, train=train, mutable=mutable)
            out = of(out[0] if train else out)
            return jnp.sum(out * weight), out

        both = jax.jit(
            jax.value_and_grad(loss, (0, 1), has_aux=True), compiler_options={"xla_backend_optimization_level": 0}
        )
        (_, out), (by_params, by_x) = both(variables["params"], jnp.asarray(x))
        given = torch.tensor(x.reshape(3, 5, 1, 1, 1) if is_g else x.transpose(0, 4, 1, 2, 3), requires_grad=True)
        made = theirs(given)
        (made * torch.tensor(weight.reshape(made.shape))).sum().backward()
        np.testing.assert_allclose(np.ravel(out), made.detach().numpy().ravel(), atol=1e-4)
        np.testing.assert_allclose(
            np.ravel(by_x), (given.grad.numpy().transpose(0, 2, 3, 4, 1)).ravel(), atol=1e-4, rtol=1e-4
        )
        for name, module in zip(names[type(ours)], [m for m in theirs if list(m.parameters())], strict=True):
            key, grad = ("scale", module.weight.grad.numpy())
            if "norm" not in name:
                key, grad = "kernel", from_torch(name, module.weight.grad.numpy())
            np.testing.assert_allclose(by_params[name][key], grad, atol=1e-4, rtol=1e-3, err_msg=name)


def to_torch(name, kernel):
    """A kernel of ours as PyTorch's layer holds it; [*window, I, O], or a dense layer's matrix of base or map 2 x 2 x 2."""
    if name == "stem":
        return kernel.reshape(-1, 2, 2, 2, kernel.shape[1] // 8).transpose(0, 4, 1, 2, 3)
    if name == "head":
        return kernel.reshape(2, 2, 2, -1, 1).transpose(4, 3, 0, 1, 2)
    if "conv" == name[:4]:
        return kernel.transpose(4, 3, 0, 1, 2)
    return kernel[::-1, ::-1, ::-1].transpose(3, 4, 0, 1, 2)


def from_torch(name, weight):
    """The inverse of `to_torch`."""
    if name == "stem":
        return weight.transpose(0, 2, 3, 4, 1).reshape(weight.shape[0], -1)
    if name == "head":
        return weight.transpose(2, 3, 4, 1, 0).reshape(-1, 1)
    if "conv" == name[:4]:
        return weight.transpose(2, 3, 4, 1, 0)
    return weight.transpose(2, 3, 4, 0, 1)[::-1, ::-1, ::-1]

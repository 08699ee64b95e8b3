import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
from jax import lax

from gan_jax.nn.compiling import compiler_options
from gan_jax.nn.conv.convolution import Conv, ConvTranspose, conv, conv_transpose

# sides, window, strides, padding: windows and strides with odd and even sides, every way to pad
CASES = [
    ((4, 5), (1, 1), 1, "SAME"),
    ((5, 4), (1, 1), 2, "VALID"),
    ((5, 4), (3, 3), 1, "SAME"),
    ((5, 4), (3, 3), 2, "SAME"),
    ((6, 5), (3, 3), 2, "VALID"),
    ((4, 5), (3, 3), 1, ((2, 0), (1, 3))),
    ((4, 6), (4, 4), 2, 1),
    ((5, 4), (4, 4), 1, "SAME"),
    ((7, 5), (4, 4), 2, ((0, 3), (2, 1))),
    ((6, 5), (5, 5), 1, "VALID"),
    ((6, 7), (5, 5), 2, "SAME"),
    ((6, 5), (3, 4), 3, 2),
    ((2, 3), (5, 5), 1, "SAME"),
    ((5,), (4,), 2, "SAME"),
    ((3, 4, 3), (2, 3, 2), 2, "SAME"),
]


def pads(sides, window, strides, padding):
    if padding == "SAME":  # as TensorFlow: the odd zero comes last
        totals = [max((-(-n // strides) - 1) * strides + k - n, 0) for n, k in zip(sides, window, strict=True)]
        return [(t // 2, t - t // 2) for t in totals]
    if padding == "VALID":
        return [(0, 0)] * len(sides)
    return [(padding, padding)] * len(sides) if isinstance(padding, int) else padding


def layout(axes):
    space = "DHW"[-axes:]
    return (f"N{space}C", f"{space}IO", f"N{space}C")


def correlate(x, kernel, strides, padding):
    """By scipy, one channel at a time, in float64."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    around = pads(x.shape[1:-1], kernel.shape[:-2], strides, padding)
    x = np.pad(x, [(0, 0), *around, (0, 0)])
    every = (slice(None, None, strides),) * len(around)
    one = lambda image, o: sum(
        scipy.signal.correlate(image[..., i], kernel[..., i, o], "valid")[every] for i in range(x.shape[-1])
    )
    return np.stack([np.stack([one(image, o) for o in range(kernel.shape[-1])], -1) for image in x])


def arrays(rng, sides, window, batch=2, inputs=2, outputs=3):
    return rng.normal(size=(batch, *sides, inputs)), rng.normal(size=(*window, inputs, outputs))


def float32(*xs):
    return [jnp.asarray(x, jnp.float32) for x in xs]


# Few channels in or out take a way of their own on the CPU, and so do windows of one pixel.
CHANNELS = [(2, 3), (3, 2), (5, 9), (9, 5)]
EVERY = [(case, (2, 3)) for case in CASES] + [(case, more) for more in CHANNELS[1:] for case in CASES[2:4]]


@pytest.mark.parametrize(("case", "channels"), EVERY)
def test_forward_against_scipy(rng, case, channels):
    x, kernel = float32(*arrays(rng, *case[:2], 2, *channels))
    y = jax.jit(lambda x, kernel: conv(x, kernel, *case[2:]))(x, kernel)
    np.testing.assert_allclose(y, correlate(x, kernel, *case[2:]), rtol=1e-4, atol=1e-4)


def check_gradients_are_xlas(rng, sides, window, strides, padding, batch, channels):
    x, kernel = float32(*arrays(rng, sides, window, batch, *channels))

    def xla(x, kernel):
        around, steps = pads(sides, window, strides, padding), (strides,) * len(sides)
        return lax.conv_general_dilated(x, kernel, steps, around, dimension_numbers=layout(len(sides)))

    (weights,) = float32(rng.normal(size=jax.eval_shape(xla, x, kernel).shape))
    both = [lambda x, kernel: jnp.vdot(weights, conv(x, kernel, strides, padding))]
    both += [lambda x, kernel: jnp.vdot(weights, xla(x, kernel))]
    ours, theirs = jax.jit(lambda x, kernel: [jax.grad(f, (0, 1))(x, kernel) for f in both])(x, kernel)
    for got, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("case", "channels"), EVERY)
def test_gradients_are_xlas(rng, case, channels):
    check_gradients_are_xlas(rng, *case, 2, channels)


# Lines compile quickly: every window and stride, with odd and even sides; then two images.
DERIVATIVES = [
    ((5,), (1,), 1, "SAME"),
    ((6,), (1,), 2, "SAME"),
    ((5,), (1,), 2, ((1, 0),)),
    ((5,), (3,), 1, "SAME"),
    ((6,), (3,), 1, "VALID"),
    ((5,), (3,), 2, "SAME"),
    ((6,), (3,), 2, ((0, 2),)),
    ((6,), (4,), 1, "SAME"),
    ((5,), (4,), 1, ((3, 0),)),
    ((6,), (4,), 2, 1),
    ((7,), (4,), 2, "VALID"),
    ((6,), (5,), 1, "SAME"),
    ((7,), (5,), 1, "VALID"),
    ((6,), (5,), 2, "SAME"),
    ((7,), (5,), 2, 2),
    ((5, 4), (3, 3), 2, "SAME"),
    ((4, 3), (3, 2), 1, ((1, 0), (0, 2))),
]


@pytest.mark.parametrize(
    ("case", "channels"),
    [(case, (1, 2)) for case in DERIVATIVES] + [(case, (5, 9)) for case in DERIVATIVES[3:6]],
)
def test_first_and_second_derivatives_against_finite_differences(rng, check_gradients, case, channels):
    x, kernel = arrays(rng, *case[:2], 1, *channels)
    check_gradients(lambda x, kernel: conv(x, kernel, *case[2:]), x, kernel)


TRANSPOSED = [
    ((3, 2), (4, 4), 2, "SAME"),
    ((2, 3), (3, 3), 2, "SAME"),
    ((3, 2), (5, 5), 2, "SAME"),
    ((3, 2), (3, 3), 1, "SAME"),
    ((3, 2), (1, 1), 2, "SAME"),
    ((3, 2), (4, 4), 1, 0),
    ((3, 4), (4, 4), 2, 1),
    ((3, 2), (5, 4), 3, 1),
    ((2, 3, 2), (4, 4, 4), 2, "SAME"),
]


@pytest.mark.parametrize(("sides", "window", "strides", "padding"), TRANSPOSED)
def test_conv_transpose_is_the_transpose_of_a_convolution(rng, sides, window, strides, padding):
    """The unflipped kernel on the zero-stuffed image is the transpose of the convolution with the flipped one."""
    x, kernel = float32(*arrays(rng, sides, window))
    y = jax.jit(lambda x, kernel: conv_transpose(x, kernel, strides, padding))(x, kernel)
    if padding == "SAME":
        sides_of_y = tuple(n * strides for n in sides)
    else:
        sides_of_y = tuple((n - 1) * strides + k - 2 * padding for n, k in zip(sides, window, strict=True))
    assert y.shape == (2, *sides_of_y, 3)
    flipped = jnp.swapaxes(jnp.flip(kernel, range(len(sides))), -1, -2)
    down = lambda image: lax.conv_general_dilated(
        image,
        flipped,
        (strides,) * len(sides),
        pads(sides_of_y, window, strides, padding),
        dimension_numbers=lax.conv_dimension_numbers(y.shape, flipped.shape, layout(len(sides))),
    )
    np.testing.assert_allclose(y, jax.jit(lambda x: jax.linear_transpose(down, y)(x)[0])(x), rtol=1e-4, atol=1e-5)


TRANSPOSED_DERIVATIVES = [
    ((2,), (1,), 2, "SAME"),
    ((3,), (3,), 1, "SAME"),
    ((2,), (3,), 2, "SAME"),
    ((3,), (4,), 2, "SAME"),
    ((3,), (4,), 1, 0),
    ((2,), (5,), 2, "SAME"),
    ((3,), (5,), 3, 1),
    ((2, 3), (3, 2), 2, "SAME"),
]


@pytest.mark.parametrize(("sides", "window", "strides", "padding"), TRANSPOSED_DERIVATIVES)
def test_derivatives_of_conv_transpose(rng, check_gradients, sides, window, strides, padding):
    x, kernel = arrays(rng, sides, window, batch=1, inputs=1, outputs=2)
    check_gradients(lambda x, kernel: conv_transpose(x, kernel, strides, padding), x, kernel)


def penalized_loss(params, x):
    """A loss with a gradient penalty: its gradient holds every second derivative."""

    def critic(x):
        h = jnp.tanh(conv(x, params[0], 2))
        return jnp.sum(jnp.tanh(conv_transpose(h, params[1])))

    return critic(x) + jnp.sum(jnp.square(jax.grad(critic)(x)))


@pytest.fixture
def game(rng):
    params = float32(rng.normal(size=(4, 2, 3)) / 2, rng.normal(size=(4, 3, 2)) / 2)
    return params, *float32(rng.normal(size=(3, 2, 6, 2)))


def descend(params, x):
    return jax.tree.map(lambda p, g: p - 0.01 * g, params, jax.grad(penalized_loss)(params, x))


def test_inside_scan(game):
    params, batches = game
    scanned, _ = jax.jit(lambda p, xs: lax.scan(lambda p, x: (descend(p, x), None), p, xs))(params, batches)
    for x in batches:
        params = jax.jit(descend)(params, x)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), scanned, params)


def test_inside_cond(game):
    params, batches = game
    f = jax.jit(lambda go, p, x: lax.cond(go, descend, lambda p, x: p, p, x))
    expected = jax.jit(descend)(params, batches[0])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), f(True, params, batches[0]), expected
    )
    jax.tree.map(np.testing.assert_array_equal, f(False, params, batches[0]), params)


def test_over_a_population_of_kernels(rng, game):
    params, batches = game
    population = jax.tree.map(lambda p: jnp.stack([p, 2 * p]), params)
    mapped = jax.jit(jax.vmap(descend, (0, None)))(population, batches[0])
    alone = [jax.jit(descend)([p[i] for p in population], batches[0]) for i in range(2)]
    for got, *expected in zip(mapped, *alone, strict=True):
        np.testing.assert_allclose(got, np.stack(expected), rtol=1e-4, atol=1e-5)


def test_only_the_cpu_moves_axes_for_a_kernel_gradient(rng):
    x, kernel = float32(*arrays(rng, (6, 6), (3, 3), 2, 9, 12))
    traced = jax.jit(jax.grad(lambda kernel, x: jnp.sum(conv(x, kernel)))).trace(kernel, x)
    for platform, moves in (("cpu", True), ("tpu", False), ("cuda", False)):
        assert ("stablehlo.transpose" in traced.lower(lowering_platforms=(platform,)).as_text()) == moves
    program = traced.lower().compile().as_text()
    assert "conditional" not in program
    assert len(re.findall(r" call\(", program)) == 2  # what is moved is not computed once more while it is moved


@pytest.mark.parametrize("loop", ["scan", "cond"])
def test_a_loop_holds_convolutions_in_the_usual_order_of_axes_alone(rng, loop):
    """In another order, as XLA writes kernel gradients, XLA:CPU computes them a hundred times more slowly there."""
    params = float32(rng.normal(size=(4, 4, 9, 12)), rng.normal(size=(4, 4, 12, 9)), rng.normal(size=(3, 3, 9, 12)))

    def critic(params, x):
        x = jnp.tanh(conv_transpose(jnp.tanh(conv(x, params[0], 2)), params[1]))
        return jnp.sum(jnp.tanh(conv(x, params[2])))

    def loss(params, x):
        return critic(params, x) + jnp.sum(jnp.square(jax.grad(critic, 1)(params, x)))

    def scanned(params, xs):
        return lax.scan(lambda p, x: (jax.tree.map(jnp.subtract, p, jax.grad(loss)(p, x)), None), params, xs)[0]

    def branched(params, xs):
        return lax.cond(xs[0, 0, 0, 0, 0] > 0, jax.grad(loss), lambda params, x: params, params, xs[0])

    (xs,) = float32(rng.normal(size=(2, 3, 8, 8, 9)))
    program = jax.jit({"scan": scanned, "cond": branched}[loop]).lower(params, xs).compile(compiler_options()).as_text()
    orders = set(re.findall(r" convolution\(.*dim_labels=([^,]+)", program))
    assert orders == {"b01f_01io->b01f"}


@pytest.mark.parametrize("layer", [Conv(3), Conv(3, (4, 4), 2, use_bias=False), ConvTranspose(3)])
def test_modules_own_kernel_and_bias(rng, layer):
    (x,) = float32(rng.normal(size=(2, 4, 4, 2)))
    y, variables = jax.jit(layer.init_with_output)(jax.random.key(0), x)
    params = dict(variables["params"])
    bias = params.pop("bias", None)
    assert (bias is not None) == layer.use_bias and params["kernel"].shape == (*layer.kernel, 2, 3)
    apply = conv_transpose if isinstance(layer, ConvTranspose) else conv
    np.testing.assert_allclose(y, apply(x, params["kernel"], layer.strides), rtol=1e-5, atol=1e-6)
    if bias is not None:
        shifted = layer.apply({"params": {**params, "bias": bias + 1}}, x)
        np.testing.assert_allclose(shifted, y + 1, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [Conv(3, dtype=jnp.bfloat16), ConvTranspose(3, dtype=jnp.bfloat16)])
def test_bfloat16_products_and_float32_parameters(rng, layer):
    (x,) = float32(rng.normal(size=(2, 4, 4, 2)))
    variables = jax.jit(layer.init)(jax.random.key(0), x)
    gradient = jax.jit(jax.grad(lambda v: layer.apply(v, x).astype(jnp.float32).sum()))(variables)
    assert layer.apply(variables, x).dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves((variables, gradient))} == {jnp.dtype(jnp.float32)}
    plain = layer.clone(dtype=None)
    np.testing.assert_allclose(layer.apply(variables, x).astype(jnp.float32), plain.apply(variables, x), atol=0.01)


def test_kernels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="does not fit"):
        conv(jnp.zeros((1, 4, 4, 3)), jnp.zeros((3, 3, 2, 1)))

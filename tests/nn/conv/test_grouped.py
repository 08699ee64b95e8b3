"""Grouped convolutions against plain ones of each group's channels, and their derivatives against XLA's."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gan_jax.nn.compiling import compiler_options
from gan_jax.nn.conv.convolution import Conv, conv

# sides, window, strides, padding, groups, channels of a group in and out: narrow groups are joined on CPUs, wide ones are not
CASES = [
    ((5, 4), (3, 3), 1, "SAME", 2, (3, 2)),
    ((4, 5), (3, 3), 1, "SAME", 3, (16, 16)),
    ((5, 4), (3, 3), 2, "SAME", 4, (2, 3)),
    ((4, 6), (4, 4), 2, 1, 2, (17, 9)),
    ((6, 5), (3, 2), 1, ((1, 0), (0, 2)), 6, (1, 1)),
    ((4, 4), (1, 1), 1, "SAME", 2, (20, 3)),
    ((5,), (3,), 1, "VALID", 5, (4, 2)),
    ((3, 4, 3), (2, 3, 2), 2, "SAME", 2, (2, 2)),
]


def arrays(rng, sides, window, groups, channels, batch=2):
    x = rng.normal(size=(batch, *sides, groups * channels[0]))
    kernel = rng.normal(size=(*window, channels[0], groups * channels[1])) / np.prod((*window, channels[0])) ** 0.5
    return jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32)


def apart(x, kernel, strides, padding, groups):
    """Each group by itself."""
    parts = zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1), strict=True)
    return jnp.concatenate([conv(*part, strides, padding) for part in parts], -1)


@pytest.mark.parametrize(("sides", "window", "strides", "padding", "groups", "channels"), CASES)
def test_each_group_is_a_convolution(rng, sides, window, strides, padding, groups, channels):
    x, kernel = arrays(rng, sides, window, groups, channels)
    y = jax.jit(lambda x, kernel: conv(x, kernel, strides, padding, groups))(x, kernel)
    np.testing.assert_allclose(y, apart(x, kernel, strides, padding, groups), rtol=1e-4, atol=1e-5)


def penalized(conv):
    """A function of images and kernel that has every first and second derivative in its gradient."""

    def value(x, kernel):
        return jnp.sum(jnp.sin(conv(x, kernel)))

    def both(x, kernel):
        slopes = jax.grad(value, (0, 1))(x, kernel)
        return value(x, kernel) + sum(jnp.sum(jnp.sin(slope)) for slope in slopes)

    return both


@pytest.mark.parametrize(("sides", "window", "strides", "padding", "groups", "channels"), CASES[:5])
def test_first_and_second_derivatives_are_xlas(rng, sides, window, strides, padding, groups, channels):
    x, kernel = arrays(rng, sides, window, groups, channels)
    pads = [(padding, padding)] * len(sides) if isinstance(padding, int) else padding
    space = "DHW"[-len(sides) :]

    def xla(x, kernel):
        layout = (f"N{space}C", f"{space}IO", f"N{space}C")
        steps = (strides,) * len(sides)
        return lax.conv_general_dilated(x, kernel, steps, pads, dimension_numbers=layout, feature_group_count=groups)

    ours = lambda x, kernel: conv(x, kernel, strides, padding, groups)
    results = jax.jit(lambda x, kernel: [jax.grad(penalized(f), (0, 1))(x, kernel) for f in (ours, xla)])(x, kernel)
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


def test_over_a_population_of_kernels(rng):
    x, kernel = arrays(rng, (4, 4), (3, 3), 3, (2, 2))
    both = jnp.stack([kernel, 2 * kernel])
    loss = penalized(lambda x, kernel: conv(x, kernel, groups=3))
    slope = jax.grad(loss, 1)
    mapped, alone = jax.jit(lambda x, both: (jax.vmap(slope, (None, 0))(x, both), slope(x, both[1])))(x, both)
    np.testing.assert_allclose(mapped[1], alone, rtol=1e-3, atol=1e-4)


def test_only_the_cpu_takes_group_by_group(rng):
    x, kernel = arrays(rng, (4, 4), (3, 3), 2, (16, 16))
    traced = jax.jit(jax.grad(lambda kernel, x: jnp.sum(conv(x, kernel, groups=2)))).trace(kernel, x)
    for platform in ("cpu", "tpu", "cuda"):
        text = traced.lower(lowering_platforms=(platform,)).as_text()
        assert bool(re.search(r"(feature|batch)_group_count = [2-9]", text)) == (platform != "cpu")
        assert ("stablehlo.while" in text) == (platform == "cpu")


@pytest.mark.parametrize("loop", ["scan", "cond"])
def test_a_loop_holds_plain_convolutions_in_the_usual_order_of_axes_alone(rng, loop):
    x, kernel = arrays(rng, (4, 4), (3, 3), 3, (16, 16))
    slope = jax.grad(penalized(lambda x, kernel: conv(x, kernel, groups=3)), 1)
    if loop == "scan":
        step = lambda kernel, xs: lax.scan(lambda k, x: (k - slope(x, k), None), kernel, xs)[0]
    else:
        step = lambda kernel, xs: lax.cond(xs[0, 0, 0, 0, 0] > 0, slope, lambda x, k: k, xs[0], kernel)
    text = jax.jit(step).lower(kernel, jnp.stack([x, x])).compile(compiler_options()).as_text()
    assert set(re.findall(r" convolution\(.*dim_labels=([^,]+)", text)) == {"b01f_01io->b01f"}
    assert "group_count" not in text


def test_layer(rng):
    x, _ = arrays(rng, (4, 4), (3, 3), 2, (3, 3))
    layer = Conv(4, groups=2)
    y, variables = jax.jit(layer.init_with_output)(jax.random.key(0), x)
    kernel = variables["params"]["kernel"]
    assert kernel.shape == (3, 3, 3, 4)
    np.testing.assert_allclose(y, jax.jit(lambda x, kernel: conv(x, kernel, groups=2))(x, kernel), rtol=1e-5, atol=1e-6)
    low = jax.jit(layer.clone(dtype=jnp.bfloat16).apply)(variables, x)
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(jnp.float32), y, atol=0.02)


@pytest.mark.parametrize(
    ("shape", "groups", "message"),
    [
        ((3, 3, 2, 4), 3, "multiples of the groups, and 4 and 4 are none of 3"),
        ((3, 3, 2, 5), 2, "multiples of the groups, and 4 and 5 are none of 2"),
        ((3, 3, 4, 4), 2, r"a kernel \[\*window, in / 2, out\] of shape \(3, 3, 4, 4\) does not fit"),
        ((3, 3, 4, 4), 0, "multiples of the groups"),
    ],
)
def test_groups_that_do_not_fit_are_refused(shape, groups, message):
    with pytest.raises(ValueError, match=message):
        conv(jnp.zeros((1, 4, 4, 4)), jnp.zeros(shape), groups=groups)


def test_layers_that_know_no_groups_refuse_them():
    for layer in (Conv(4, groups=2, resample="up"), Conv(4, groups=3)):
        with pytest.raises(ValueError, match="groups"):
            jax.eval_shape(lambda layer=layer: layer.init(jax.random.key(0), jnp.zeros((1, 4, 4, 4))))

"""BEGAN's networks: their layers counted, the code in the middle, and residuals that vanish."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.architectures import began
from gan_jax.types import ByImages, Clock


def count(net, *args):
    variables = jax.eval_shape(lambda: net.init(jax.random.key(0), *args))
    return sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


def conv(i, o):
    return 9 * i * o + o


def decoder(n, z, channels, halvings, skips):
    first = z * 64 * n + 64 * n + 2 * conv(n, n)
    return first + halvings * (conv(2 * n if skips else n, n) + conv(n, n)) + conv(n, channels)


def encoder(n, h, channels, halvings):
    total = conv(channels, n)
    for i in range(halvings + 1):
        before, width = max(i, 1) * n, (i + 1) * n
        total += conv(before, width) + conv(width, width) + (conv(width, width) if i < halvings else 0)
    return total + 64 * (halvings + 1) * n * h + h


@pytest.mark.parametrize("side, n, halvings, skips", [(64, 128, 3, False), (128, 128, 4, True), (32, 16, 2, True)])
def test_layers_are_the_papers(side, n, halvings, skips):
    """A side of 8 at the smallest; n channels in the decoder, n, 2n, 3n, ... in the encoder; N_z = N_h = 64."""
    shape = (side, side, 3)
    generator, judge = began.Generator(shape, n, skips=skips), began.Autoencoder(shape, n, skips=skips)
    assert count(generator, jnp.zeros((1, 64))) == decoder(n, 64, 3, halvings, skips)
    assert count(judge, jnp.zeros((1, *shape))) == encoder(n, 64, 3, halvings) + decoder(n, 64, 3, halvings, skips)


def test_the_logit_is_minus_the_error_of_the_decoded_code():
    judge = began.Autoencoder((8, 16, 2), 3, hidden=5, halvings=1)
    x = jax.random.uniform(jax.random.key(1), (3, 8, 16, 2), minval=-1.0)
    variables = judge.init(jax.random.key(0), x)
    seen = judge.apply(variables, x, train=True)
    h = judge.apply(variables, x, method="encode")
    made = judge.apply(variables, h, method="decode")
    assert made.shape == x.shape and h.shape == (3, 5)
    np.testing.assert_allclose(seen.logits, -np.abs(np.asarray(made) - np.asarray(x)).mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(seen.features["pooled"], h, rtol=1e-6)
    assert {name: f.shape for name, f in seen.features.items() if name != "pooled"} == {
        "conv0": (3, 8, 16, 3),
        "conv1": (3, 4, 8, 6),
    }


def test_half_of_a_residual_is_half_of_both():
    """One size, no skips: x1 = c x0 + (1 - c) elu(conv0(x0)), and so on, by the layers that carry 0 and weights alone give."""
    shape, z = (8, 8, 1), jax.random.normal(jax.random.key(1), (2, 5))
    make = lambda carry: began.Generator(shape, 4, halvings=0, carry=carry)
    variables = make(0.0).init(jax.random.key(0), z)
    params = variables["params"]["decoder"]
    layer = lambda name, x: (
        jax.lax.conv_general_dilated(
            x, params[name]["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        + params[name]["bias"].reshape(1, 1, 1, -1)
    )
    dense = params["stem"]["Dense_0"]
    for c in (0.0, 0.5, 1.0):
        x = (z @ dense["kernel"] + dense["bias"].reshape(1, -1)).reshape(2, 8, 8, 4)
        for name in ("conv0_0", "conv0_1"):
            x = c * x + (1 - c) * jax.nn.elu(layer(name, x))
        np.testing.assert_allclose(make(c).apply(variables, z), layer("to_image", x), atol=1e-5)


@pytest.mark.parametrize("kind", ["generator", "autoencoder"])
def test_a_carry_of_the_time_is_kept_for_drawing(kind):
    shape = (8, 8, 1)
    make, x = {
        "generator": (began.Generator, jnp.ones((2, 5))),
        "autoencoder": (began.Autoencoder, jnp.ones((2, *shape))),
    }[kind]
    net = make(shape, 4, carry=optax.linear_schedule(1.0, 0.0, 10))
    variables = net.init(jax.random.key(0), x)
    assert float(variables["averages"]["carry"]) == 1.0
    now = Clock(jnp.int32(4), jnp.float32(0))
    made, moved = net.apply(variables, x, train=True, clock=now, mutable=["averages"])
    np.testing.assert_allclose(moved["averages"]["carry"], 0.6, rtol=1e-6)
    drawn = net.apply({**variables, **moved}, x)
    fixed = make(shape, 4, carry=0.6).apply({"params": variables["params"]}, x)
    for a, b, c in zip(*map(jax.tree.leaves, (made, drawn, fixed)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
        np.testing.assert_allclose(a, c, rtol=1e-5)
    with pytest.raises(ValueError, match="needs the time"):
        net.apply(variables, x, train=True)
    by_images = make(shape, 4, carry=ByImages(optax.linear_schedule(1.0, 0.0, 10)))
    _, moved = by_images.apply(
        variables, x, train=True, clock=Clock(jnp.int32(0), jnp.float32(5)), mutable=["averages"]
    )
    np.testing.assert_allclose(moved["averages"]["carry"], 0.5)


def test_bfloat16_is_for_convolutions_alone():
    shape = (16, 16, 3)
    judge = began.Autoencoder(shape, 4, dtype=jnp.bfloat16)
    seen = jax.eval_shape(lambda: judge.init_with_output(jax.random.key(0), jnp.zeros((2, *shape)))[0])
    assert seen.logits.dtype == seen.features["pooled"].dtype == jnp.float32
    assert seen.features["conv0"].dtype == jnp.bfloat16
    generator = began.Generator(shape, 4, dtype=jnp.bfloat16)
    assert (
        jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), jnp.zeros((2, 3)))[0]).dtype == jnp.float32
    )


def test_sizes_that_do_not_halve_are_refused():
    with pytest.raises(ValueError, match="multiple of 8"):
        jax.eval_shape(lambda: began.Generator((20, 20, 1), 4, halvings=3).init(jax.random.key(0), jnp.zeros((1, 2))))

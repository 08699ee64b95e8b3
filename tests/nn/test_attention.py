import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.attention import SelfAttention, attention


def attend(queries, keys, values):
    scores = queries @ keys.T
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ values


def pooled(image):
    """The maxima of the 2 x 2 cells, row by row: [H * W / 4, C]."""
    height, width, _ = image.shape
    cells = [image[i : i + 2, j : j + 2] for i in range(0, height, 2) for j in range(0, width, 2)]
    return np.asarray([cell.max((0, 1)) for cell in cells])


def by_hand(x, params):
    """One image at a time, [H, W, C], in float64."""
    kernels = {name: np.asarray(params[name]["kernel"], np.float64)[0, 0] for name in ("theta", "phi", "g", "out")}
    out = []
    for image in np.asarray(x, np.float64):
        theta = (image @ kernels["theta"]).reshape(-1, kernels["theta"].shape[-1])
        seen = attend(theta, pooled(image @ kernels["phi"]), pooled(image @ kernels["g"]))
        out.append(image + float(params["gain"]) * (seen @ kernels["out"]).reshape(image.shape))
    return np.asarray(out)


def test_the_equation(rng):
    q, k, v = (rng.normal(size=(2, n, c)).astype(np.float32) for n, c in [(5, 3), (4, 3), (4, 6)])
    y = attention(jnp.asarray(q), jnp.asarray(k), jnp.asarray(v))
    np.testing.assert_allclose(y, [attend(*qkv) for qkv in zip(q, k, v, strict=True)], rtol=1e-4, atol=1e-6)


def test_against_numpy(rng):
    x = jnp.asarray(rng.normal(size=(2, 4, 6, 16)), jnp.float32)
    variables = jax.jit(SelfAttention().init)(jax.random.key(0), x)
    np.testing.assert_array_equal(SelfAttention().apply(variables, x), x)  # the gain starts at 0
    assert jax.tree.map(jnp.shape, variables["params"]) == {
        "theta": {"kernel": (1, 1, 16, 2)},
        "phi": {"kernel": (1, 1, 16, 2)},
        "g": {"kernel": (1, 1, 16, 8)},
        "out": {"kernel": (1, 1, 8, 16)},
        "gain": (),
    }
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape), jnp.float32), variables["params"])
    np.testing.assert_allclose(
        jax.jit(SelfAttention().apply)({"params": params}, x), by_hand(x, params), rtol=1e-3, atol=1e-3
    )


def test_spectral_norm_is_on_all_four_convolutions(rng):
    x = jnp.asarray(rng.normal(size=(1, 2, 2, 8)), jnp.float32)
    variables = jax.eval_shape(SelfAttention(scheme="spectral").init, jax.random.key(0), x)
    assert set(variables["spectral"]) == {"theta", "phi", "g", "out"}


def test_bfloat16_softmax_is_in_float32(rng):
    q = jnp.asarray(rng.normal(size=(1, 3, 2)), jnp.bfloat16)
    lowered = jax.make_jaxpr(attention)(q, q, q)
    exponentials = [e for e in lowered.jaxpr.eqns if e.primitive.name == "exp"]
    softmax = [v.aval.dtype for e in exponentials for v in e.outvars]
    assert attention(q, q, q).dtype == jnp.bfloat16
    assert all(dtype == jnp.float32 for dtype in softmax)
    x = jnp.asarray(rng.normal(size=(1, 2, 2, 8)), jnp.bfloat16)
    y, variables = jax.eval_shape(SelfAttention().init_with_output, jax.random.key(0), x)
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_too_few_channels_and_odd_sides_are_refused():
    with pytest.raises(ValueError, match="8 or more"):
        SelfAttention().init(jax.random.key(0), jnp.zeros((1, 2, 2, 4)))
    with pytest.raises(ValueError, match="even sides"):
        SelfAttention().init(jax.random.key(0), jnp.zeros((1, 3, 2, 8)))


def test_gradients(rng, check_gradients):
    x = rng.normal(size=(1, 2, 4, 8))
    params = jax.eval_shape(SelfAttention().init, jax.random.key(0), jnp.asarray(x, jnp.float32))["params"]
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape) / 2, params)
    check_gradients(lambda x, params: SelfAttention().apply({"params": params}, x), x, params)

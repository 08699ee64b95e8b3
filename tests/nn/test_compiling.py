import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn import compiling
from gan_jax.nn.conv.convolution import conv

X, KERNEL = jnp.ones((8, 16, 16, 64)), jnp.ones((2, 2, 64, 64))


@pytest.fixture(autouse=True)
def asked_anew():
    compiling.compiler_options.cache_clear()
    yield
    compiling.compiler_options.cache_clear()


def programs():
    """The HLO of a convolution, as `jax.jit` compiles it and as we do."""
    lowered = jax.jit(conv).lower(X, KERNEL)
    return lowered.compile().as_text(), lowered.compile(compiling.compiler_options()).as_text()


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="of CPUs")
def test_a_convolution_leaves_the_slow_library_and_a_product_stays():
    theirs, ours = programs()
    if "ynn_fusion" not in theirs:
        pytest.skip("this XLA uses no YNNPACK for convolutions")
    assert "ynn_fusion" not in ours and "convolution(" in ours
    product = jax.jit(jnp.matmul).lower(jnp.ones((64, 64)), jnp.ones((64, 64)))
    assert ("ynn_fusion" in product.compile().as_text()) == (
        "ynn_fusion" in product.compile(compiling.compiler_options()).as_text()
    )


def test_an_xla_without_the_option_gets_none(monkeypatch):
    monkeypatch.setattr(compiling, "_ON_CPUS", {"xla_cpu_no_such_option": "1"})
    assert compiling.compiler_options() == {}
    np.testing.assert_array_equal(compiling.compiled(conv)(X, KERNEL), jax.jit(conv)(X, KERNEL))


@pytest.mark.parametrize("backend", ["gpu", "tpu"])
def test_other_machines_get_none(monkeypatch, backend):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    assert compiling.compiler_options() == {}


def test_compiled_takes_the_options_of_jit_and_traces_once():
    traced = []

    def double(x, times):
        traced.append(times)
        return 2 * x * times

    program = compiling.compiled(double, static_argnames="times")
    assert [float(program(jnp.float32(3), times=2)) for _ in range(2)] == [12, 12]
    assert traced == [2] and program.__name__ == "double"


def test_a_quick_program_gives_the_same_numbers():
    np.testing.assert_allclose(
        compiling.compiled(conv, quick=True)(X, KERNEL), jax.jit(conv)(X, KERNEL), rtol=1e-6, atol=1e-6
    )
    assert set(compiling.quick_options()) == (
        {"xla_backend_optimization_level"} if jax.default_backend() == "cpu" else set()
    )

"""The strictness that all tests run under, and what makes them quick."""

import contextlib
import os

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_NUMPY_RANK_PROMOTION", "raise")
os.environ.setdefault("JAX_DEBUG_KEY_REUSE", "1")
# Programs are compiled once for all tests and processes, and kept from run to run.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", os.path.join(os.path.dirname(__file__), ".compilation_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")


@pytest.fixture(scope="session")
def quick_rounds():
    """A context in which `Training` compiles its rounds in less time: for few rounds, whose last bits are held against none."""

    @contextlib.contextmanager
    def context():
        from gan_jax.nn.compiling import compiler_options, quick_options

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gan_jax.run.dispatch.compiler_options", lambda: compiler_options() | quick_options())
            yield

    return context

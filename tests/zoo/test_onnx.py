"""ONNX programs, where the converter and its runtime are installed; and what it is handed."""

import importlib.util
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv.convolution import conv, conv_transpose
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.verbs.export import export
from gan_jax.zoo.formats import onnx
from gan_jax.zoo.formats.checking import Example
from gan_jax.zoo.formats.inlining import inlined
from gan_jax.zoo.formats.program import ExportError, inputs_of, program_of

IS_HERE = all(importlib.util.find_spec(name) for name in onnx.NEEDS)
needs_it = pytest.mark.skipif(not IS_HERE, reason="needs jax2onnx and onnxruntime, from an environment of their own")


def _names(jaxpr):
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in equation.params.values():
            for each in value if isinstance(value, list | tuple) else [value]:
                if hasattr(each, "jaxpr"):
                    yield from _names(each.jaxpr)


def test_choices_among_platforms_and_calls_are_written_out():
    kernel = jax.random.normal(jax.random.key(0), (3, 3, 2, 4))
    wide = jax.random.normal(jax.random.key(2), (4, 4, 4, 4))

    def function(x):
        return jax.jit(jnp.tanh)(conv_transpose(conv(x, kernel), wide)) + jnp.where(x[:, :1, :1, :1] > 0, 1.0, 0.5)

    x = jax.random.normal(jax.random.key(1), (2, 8, 8, 2))
    there, left = (set(_names(jax.make_jaxpr(each)(x).jaxpr)) for each in (function, inlined(function)))
    assert {"platform_index", "cond", "jit", "custom_vjp_call"} <= there
    assert not left & {"platform_index", "cond", "jit", "custom_vjp_call"}
    np.testing.assert_allclose(jax.jit(inlined(function))(x), jax.jit(function)(x), rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(IS_HERE, reason="the converter is here")
def test_a_converter_that_is_missing_is_named(tmp_path):
    with pytest.raises(
        ImportError, match="needs jax2onnx and onnxruntime, in an environment of their own: docs/exports"
    ):
        export(None, tmp_path / "model", model="ssgan_digits", formats=("onnx",))
    assert not list(tmp_path.iterdir())


@needs_it
@pytest.mark.parametrize("name", ["ssgan_digits", "progan_faces", "ssgan_faces"])
def test_a_shipped_model_is_converted(name, tmp_path):
    export(None, tmp_path, model=name, formats=("onnx",))
    about = json.loads((tmp_path / "model.onnx.json").read_text())
    assert list(about["inputs"]) == ["z"] and list(about["outputs"]) == ["image"]
    assert about["checked"]["batches"] == [16, 1] and about["checked"]["largest_difference"] < 1e-4
    print(name, about["checked"]["largest_difference"])


def _untrained(name):
    """(sampler, what it starts from) of a config's first sampler, before any round."""
    setup = Setup.of(resolve(load_config(name)))
    phase = setup.stretches[-1].phase
    samplers = setup.method.samplers(setup.method.init(jax.random.key(0)), phase, True)
    sampler, takes = next(iter(samplers.values())), setup.method.batch(phase)
    shapes = {key: (2, *takes[key].shape[2:]) for key in sampler.given}
    random = np.random.default_rng(0)
    return sampler, {key: random.uniform(-1, 1, shape).astype(np.float32) for key, shape in shapes.items()} or None


@needs_it
@pytest.mark.parametrize("name", ["acgan_digits", "cyclegan_emoji", "infogan_digits", "r3gan_faces"])
def test_an_untrained_network_is_converted(name):
    sampler, given = _untrained(name)
    inputs = inputs_of(sampler, jax.random.key(1), np.arange(2, dtype=np.uint32), given)
    program = program_of(sampler, given)
    found = Example(inputs, np.asarray(program.call(**inputs)), 1e-4).check(name, onnx.loaded(onnx.converted(program)))
    print(name, found["largest_difference"])


@needs_it
def test_noise_by_a_seed_is_refused(tmp_path):
    with pytest.raises(ExportError, match="draw noise by a seed, and ONNX has no such operation"):
        export(None, tmp_path, model="stylegan2_faces", formats=("onnx",))


@needs_it
def test_convolutions_of_volumes_are_refused():
    with pytest.raises(
        ExportError, match="jax2onnx does not convert this model: Unsupported conv.*--formats=stablehlo"
    ):
        onnx.converted(program_of(_untrained("gan3d_furniture")[0]))

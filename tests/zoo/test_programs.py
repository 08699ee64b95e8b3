"""Programs that leave the package: of any number of elements, for every platform, and drawing what their sampler draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from jax import export

from gan_jax.latents import coded, normal, uniform
from gan_jax.main import main
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.nn.compiling import quick_options
from gan_jax.run.drawing import sample_key
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.zoo.formats.checking import Example
from gan_jax.zoo.formats.program import ExportError, drawn_from, inputs_of, program_of
from gan_jax.zoo.formats.stablehlo import (
    ABOUT,
    PLATFORMS,
    PROGRAM,
    read_stablehlo,
    require_platforms,
    serialized,
    write_stablehlo,
)
from gan_jax.zoo.model import load, names

# One for each generator, translator and decoder, at its full size: they are traced, and have no weights.
CONFIGS = """acgan_cifar10 adain_emoji began_faces biggan_cifar10 cond_sngan_cifar10 cyclegan_emoji dcgan_stacked_digits
egan_digits gan3d_furniture gan_maxout_ring gan_ring infogan_digits pix2pix_maps progan_faces r3gan_faces sndcgan_cifar10
stylegan2_figures stylegan_faces vaegan3d_furniture wgangp_cifar10 wgangp_resnet_cifar10""".split()

SPAN = "from -1 to 1, what is beyond is to be clipped; channels last"


@pytest.mark.parametrize("name", CONFIGS)
def test_every_network_is_a_program_of_any_number_of_elements(name):
    setup = Setup.of(resolve(load_config(name)))
    phase = setup.stretches[-1].phase
    samplers = jax.eval_shape(lambda key: setup.method.samplers(setup.method.init(key), phase, True), jax.random.key(0))
    takes = setup.method.batch(phase)
    for sampler in samplers.values():
        given = {key: jax.ShapeDtypeStruct((1, *takes[key].shape[2:]), jnp.float32) for key in sampler.given} or None

        starts = jax.eval_shape(
            lambda sampler, given: sampler.starts(jax.random.key(0), jnp.zeros(1, jnp.uint32), given), sampler, given
        )

        def call(sampler, starts):
            noise = {"noise": jax.random.wrap_key_data(starts["noise"])} if "noise" in starts else {}
            return sampler.synthesize(sampler.map({**starts, **noise}))[0]

        (n,) = export.symbolic_shape("n")
        free = {name: jax.ShapeDtypeStruct((n, *leaf.shape[1:]), leaf.dtype) for name, leaf in starts.items()}
        if "noise" in free:
            free["noise"] = jax.ShapeDtypeStruct((n, 2), jnp.uint32)
        program = export.export(jax.jit(call), platforms=PLATFORMS)(sampler, free)
        assert program.out_avals[0].shape[0] == n and program.platforms == PLATFORMS


@pytest.mark.parametrize("name", names())
def test_a_shipped_model_as_a_program_draws_the_same(name):
    model = load(name)
    program = program_of(model.sampler)
    inputs = inputs_of(model.sampler, sample_key(3), np.arange(2, dtype=np.uint32))
    assert {port.name: (port.shape, port.dtype) for port in program.inputs} == {
        name: (leaf.shape[1:], leaf.dtype.name) for name, leaf in inputs.items()
    }
    read = export.deserialize(bytearray(serialized(program, PLATFORMS)))
    made = jax.jit(read.call, compiler_options=quick_options())(**inputs)
    np.testing.assert_allclose(made, model.sample(2, seed=3), atol=1e-4)


def _tiny(num_classes=0):
    class Generator(linen.Module):
        num_classes: int = 0

        @linen.compact
        def __call__(self, z, label=None, train=False):
            x = linen.Dense(4)(z if label is None else z + label[:, None])
            return jnp.tanh(x.reshape(-1, 2, 2, 1) + jax.random.normal(self.make_rng("noise"), (z.shape[0], 2, 2, 1)))

    module = Generator(num_classes)
    label = jnp.zeros(1, jnp.int32) if num_classes else None
    variables = module.init({"params": jax.random.key(0), "noise": jax.random.key(1)}, jnp.zeros((1, 3)), label)
    return GeneratorSampler(module, variables, normal(3), num_classes)


def test_labels_and_noise_go_in(tmp_path):
    sampler, indices = _tiny(5), np.arange(4, dtype=np.uint32)
    wanted = sampler.synthesize(sampler.map(sampler.starts(sample_key(7), indices)))[0]
    inputs = inputs_of(sampler, sample_key(7), indices)
    assert {name: (leaf.shape, leaf.dtype.name) for name, leaf in inputs.items()} == {
        "z": ((4, 3), "float32"),
        "label": ((4,), "int32"),
        "noise": ((4, 2), "uint32"),
    }
    about = write_stablehlo(tmp_path, program_of(sampler), Example(inputs, np.asarray(wanted), 1e-5), {"name": "tiny"})
    assert about["inputs"]["label"] == {"shape": ["n"], "dtype": "int32", "about": "the class, 0 to 4"}
    assert about["inputs"]["z"]["about"] == "latents: 3 numbers of N(0, 1)"
    assert about["outputs"] == {"image": {"shape": ["n", 2, 2, 1], "dtype": "float32", "about": SPAN}}
    assert about["checked"]["largest_difference"] < 1e-5 and about["checked"]["platform"] == "cpu"
    told, call = read_stablehlo(tmp_path)
    assert told == about
    np.testing.assert_allclose(call(**inputs), wanted, atol=1e-5)
    one = {name: leaf[2:3] for name, leaf in inputs.items()}
    np.testing.assert_allclose(call(**one), wanted[2:3], atol=1e-5)
    other = call(**{**one, "noise": one["noise"] + 1})
    assert np.abs(other - wanted[2:3]).max() > 0.01


def test_latents_in_words():
    assert drawn_from(uniform(4, -1, 1)) == "4 numbers of U(-1, 1)"
    assert drawn_from(normal(4, 0.5)) == "4 numbers of N(0, 1), drawn again beyond +-0.5"
    assert drawn_from(coded(uniform(6), (10, 3), 2)) == (
        "6 numbers of U(-1, 1), then a one-hot of 10, then a one-hot of 3, then 2 numbers of U(-1, 1)"
    )


def test_a_program_that_draws_something_else_is_refused(tmp_path):
    sampler, indices = _tiny(), np.arange(2, dtype=np.uint32)
    inputs = inputs_of(sampler, sample_key(0), indices)
    with pytest.raises(ExportError, match=r"elements differ by up to .* and 0.001 is allowed; it is not written"):
        write_stablehlo(tmp_path, program_of(sampler), Example(inputs, np.zeros((2, 2, 2, 1), np.float32), 1e-3), {})
    nan = np.full((2, 2, 2, 1), np.nan, np.float32)
    with pytest.raises(ExportError, match="differ by up to nan"):
        write_stablehlo(tmp_path, program_of(sampler), Example(inputs, nan, 1e-3), {})
    assert not list(tmp_path.iterdir())


def test_what_is_no_program_is_said(tmp_path):
    class Sampler(GeneratorSampler):
        def synthesize(self, codes, taps=(), edits=None):
            return jnp.zeros((int(codes["z"].shape[0]), 2, 2, 1)), {}

    tiny = _tiny()
    counts = Sampler(tiny.generator, tiny.variables, tiny.latents)
    with pytest.raises(ExportError, match="no program for any number of elements.*--formats=safetensors"):
        serialized(program_of(counts), PLATFORMS)
    with pytest.raises(ExportError, match="depend on its neighbours"):
        program_of(tiny.replace(of_batch=True))


def test_platforms():
    with pytest.raises(
        ValueError, match=r"no platform 'cudo' \(did you mean 'cuda'\?\); a program is for some of cpu,"
    ):
        require_platforms(["cpu", "cudo"])
    with pytest.raises(ValueError, match="this machine's cpu is not among the platforms: name it too"):
        require_platforms(["tpu"])


def _play(*flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", "export", "--compilation_cache=none", *flags])
    return ended.value.code


def test_a_model_by_its_name(tmp_path, capsys):
    out = tmp_path / "mine"
    flags = ("--model=ssgan_digits", f"--out={out}")
    assert _play(*flags, "--formats=safetensors,stablehlo", "--platforms=cpu,tpu") == 0
    assert "the same 16 samples to the bit; gan_jax.load(" in (said := capsys.readouterr().out)
    assert "model.stablehlo, within" in said
    assert sorted(path.name for path in out.iterdir()) == [
        *("model.json", "model.stablehlo", "model.stablehlo.json", "samples.png", "weights.safetensors")
    ]
    about, call = read_stablehlo(out)
    assert about["platforms"] == ["cpu", "tpu"] and about["data"]["licence"].startswith("Optical Recognition")
    images = np.asarray(call(**inputs_of(load(out).sampler, sample_key(5), np.arange(3, dtype=np.uint32))))
    np.testing.assert_allclose(images, load("ssgan_digits").sample(3, seed=5), atol=1e-4)
    assert _play(*flags, "--formats=stablehlo") == 1
    assert "has a model already (model.stablehlo, model.stablehlo.json): name another" in capsys.readouterr().err

    for path, change, says in (
        (PROGRAM, lambda content: content[:-1] + b"?", "is not the file that model.stablehlo.json was written with"),
        (ABOUT, lambda content: content.replace(b'"format": 1', b'"format": 2'), "install gan_jax 0.2.0 or a newer"),
        (ABOUT, lambda content: content[:-9], "is no JSON"),
        (ABOUT, lambda content: b'{"format": 1}', "it lacks sha256, inputs, outputs"),
    ):
        whole = (out / path).read_bytes()
        (out / path).write_bytes(change(whole))
        with pytest.raises(ValueError, match=says):
            read_stablehlo(out)
        (out / path).write_bytes(whole)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "export takes a run, --workdir=runs/faces, or a model"),
        (("--model=ssgan_digits", "--workdir=x"), "one of the two"),
        (("--model=ssgan_digits", "--step=3"), "--step chooses among what a run holds"),
        (("--model=ssgan_digits", "--licence=CC0"), "--licence is of a run; a model has its own already"),
        (("--model=ssgan_digit",), "did you mean 'ssgan_digits'"),
        (("--model=ssgan_digits", "--platforms=cpu"), "--platforms is of a StableHLO program: ask for one"),
        (("--model=ssgan_digits", "--formats=stablehlo", "--platforms=cpu,metal"), "there is no platform 'metal'"),
        (("--model=ssgan_digits", "--formats=onxx"), "'onxx' is not known (did you mean 'onnx'?)"),
        (("--model=ssgan_digits", "--formats="), "formats"),
    ],
)
def test_what_export_refuses(flags, says, tmp_path, capsys):
    assert _play(*flags, f"--out={tmp_path}/model") == 1
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

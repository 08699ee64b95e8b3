"""Weights of another project's, imported: sampled, and trained on. The state dicts are those of the golden files."""

import importlib.util
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.game import Phase
from gan_jax.main import main
from gan_jax.run.state import restore
from gan_jax.run.training import Training
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.import_weights import import_weights
from gan_jax.verbs.sample import load_sampler

spec = importlib.util.spec_from_file_location("references", Path(__file__).parents[1] / "foreign" / "conftest.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
References = module.References


@pytest.fixture
def files(tmp_path):
    """files(golden, case, ...) -> the state dicts of these cases, each in a file of its own."""

    def write(golden, *cases):
        paths = []
        for case in cases:
            paths.append(tmp_path / f"{case}.npz")
            np.savez(paths[-1], **References.seeded(References.golden(golden, case)[0], steps=3))
        return paths

    return write


@pytest.fixture(scope="module")
def config():
    def make(side=32, **changes):
        made = load_config("configs/base.py").to_dict()
        made["data"] |= {
            "source": "fake",
            "shape": (side, side, 3),
            "length": 16,
            "size": (side, side, 3),
            "num_classes": 2,
        }
        made["batch_size"], made["steps"] = 4, 1
        made["log"] |= {"samples_every": 100, "num_samples": 4, "every": 1}
        for key, value in changes.items():
            made[key] |= value
        return made

    return make


def test_sngan_is_imported_sampled_and_trained_on(files, config, tmp_path, capsys):
    """With SSGAN's discriminator: its rotation head comes along, and the regulariser that trains it."""
    g, d = files("mimicry", "sngan32_g", "ssgan32_d")
    run = tmp_path / "run"
    made = import_weights("mimicry", config(ema={"decay": 0.9}), run, g, d)
    assert made["regularizers"] == {"rotation": {"type": "rotation.rotation", "choice": "one_angle", "fraction": 1.0}}
    assert "imported into" in capsys.readouterr().out
    assert made == resolve(read_config(run))

    shapes, expected = References.golden("mimicry", "sngan32_g")
    step, sampler = load_sampler(run)
    x, _ = References.inputs((5,), 0)
    images = jax.jit(lambda s, z: s.synthesize({"z": z})[0])(
        sampler.replace(of_batch=True), x
    )  # as the golden ones were
    assert step == 0 and sampler.latents.dim == 5
    assert References.error(References.thinned(np.asarray(images)), expected["images"]) < 1e-4

    with Training(read_config(run), run) as training:  # as the same command would go on: from step 0
        state = training.state
        np.testing.assert_array_equal(
            np.asarray(state.networks["rotation"].params["kernel"]).T, np.load(d)["l_y.weight"]
        )
        images = {"image": jnp.zeros((1, 4, 32, 32, 3))}
        phase = Phase((32, 32, 3), 4)
        after = jax.eval_shape(lambda s, b: training.method.step(s, b, phase)[0], state, images)
    assert training.step == 0 and jax.tree.structure(after) == jax.tree.structure(state)


def test_average_of_its_own_and_a_conditional_pair(files, config, tmp_path):
    g, d, average = files("biggan_pytorch", "biggan32_g", "biggan32_d", "biggan32_g")
    state = dict(np.load(g))
    state["shared.weight"] = state["shared.weight"] + 1
    average = tmp_path / "ema.npz"
    np.savez(average, **state)
    made = import_weights("biggan_pytorch", config(ema={"decay": 0.9}), tmp_path / "run", g, d, average)
    assert made["method"]["num_classes"] == 2 and made["latents"]["dim"] == 8
    assert made["generator"]["type"] == "biggan.Generator" and made["discriminator"]["ch"] == 2
    network = restore(tmp_path / "run").state.networks["generator"]
    shift = network.ema["params"]["embedding"]["embedding"] - network.params["embedding"]["embedding"]
    np.testing.assert_allclose(shift, 1, rtol=1e-5)


def test_generator_alone_leaves_the_configs_discriminator(files, config, tmp_path):
    (g,) = files("mimicry", "cgan_pd32_g")
    widths = {"widths": (8, 8), "halvings": 1}
    made = import_weights("mimicry", config(discriminator=widths), tmp_path / "run", g)
    assert made["discriminator"] == {"type": "sngan.Discriminator", **widths}
    params = restore(tmp_path / "run").state.networks["discriminator"].params
    assert params["projection"]["embedding"].shape == (2, 8)


def test_styled_networks_bring_the_average_of_w(config, tmp_path):
    filter = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
    filters = {"blur.kernel": 4 * filter, "upsample.kernel": 4 * filter, "kernel": filter}
    paths = {player: tmp_path / f"{player}.npz" for player in "gd"}
    for player, path in paths.items():
        np.savez(path, **References.unit(References.golden("stylegan2_pytorch", f"16_{player}")[0], filters))
    refused(tmp_path, r"of \(16, 16, 3\) images.*data.shape is \(32", "stylegan2_pytorch", config(), paths["g"])
    run = tmp_path / "run"
    made = import_weights("stylegan2_pytorch", config(16, ema={"decay": 0.9}), run, paths["g"], paths["d"], paths["g"])
    assert made["generator"]["type"] == "stylegan2.Generator" and made["latents"] == {"type": "normal", "dim": 6}
    networks = restore(run).state.networks
    assert np.any(networks["generator"].stats["averages"]["w"])
    np.testing.assert_array_equal(
        networks["generator"].ema["stats"]["averages"]["w"], networks["generator"].stats["averages"]["w"]
    )
    np.testing.assert_array_equal(
        networks["discriminator"].params["head"]["kernel"].T, np.load(paths["d"])["final_linear.1.weight"]
    )


@pytest.mark.parametrize(
    ("golden", "tool", "tiles"), [("mimicry", "truncation", (1, 2)), ("stylegan2", "noise", (1, 2))]
)
def test_tools_look_into_what_was_imported(files, config, tmp_path, golden, tool, tiles):
    run, flags = tmp_path / "run", {"truncation": ["--amounts=2,1"], "noise": ["--draws=2"]}[tool]
    small = {"widths": (8, 8), "halvings": 1}
    if golden == "mimicry":
        import_weights("mimicry", config(discriminator=small), run, *files("mimicry", "sngan32_g"))
    else:
        filter = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
        filters = {"blur.kernel": 4 * filter, "upsample.kernel": 4 * filter, "kernel": filter}
        np.savez(tmp_path / "g.npz", **References.unit(References.golden("stylegan2_pytorch", "16_g")[0], filters))
        import_weights("stylegan2_pytorch", config(16, discriminator=small), run, tmp_path / "g.npz")
    out = tmp_path / "out.png"
    with pytest.raises(SystemExit) as ended:
        main(
            ["gan_jax", "analyse", f"--tool={tool}", f"--workdir={run}", f"--out={out}", "--num=1", *flags]
            + ["--compilation_cache=none"]
        )
    assert ended.value.code == 0
    with Image.open(out) as picture:
        assert picture.size == tuple(66 * n + 2 for n in reversed(tiles))


def test_networks_of_all_sizes_are_imported_at_the_configs(config, tmp_path):
    shapes = References.golden("style_based_gan_pytorch", "generator")[0]
    blurs = [name for name in shapes if name.endswith("weight_flip") or f"{name}_flip" in shapes]
    path = tmp_path / "g.npz"
    np.savez(path, **References.unit(shapes, dict.fromkeys(blurs, np.outer([1, 2, 1], [1, 2, 1]) / 16)))
    refused(tmp_path, "1024 pixels a side, not 24: set data.shape", "style_based_gan_pytorch", config(24), path)
    small = {"type": "mlp.Discriminator"}
    made = import_weights("style_based_gan_pytorch", config(8, discriminator=small), tmp_path / "run", path)
    assert made["generator"]["channel_base"] == 256 and made["latents"]["dim"] == 32
    synthesis = restore(tmp_path / "run").state.networks["generator"].params["synthesis"]
    assert {name.partition("_")[0] for name in synthesis} == {"constant", "level0", "level1", "to"}


def test_data_that_is_not_here_is_no_hindrance(files, config, tmp_path, capsys):
    (g,) = files("mimicry", "sngan32_g")
    data = {"source": "folder", "path": str(tmp_path / "nowhere"), "length": None, "size": None, "num_classes": None}
    small = {"widths": (8, 8), "halvings": 1}
    import_weights("mimicry", config(data=data, discriminator=small), tmp_path / "run", g)
    assert "sampled, but not trained on for want of data" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "config.json").read_text())["found"] == {}


def refused(tmp_path, match, *args, error=ValueError, **kwargs):
    with pytest.raises(error, match=match):
        import_weights(*args[:2], tmp_path / "run", *args[2:], **kwargs)
    assert not (tmp_path / "run").exists()


def test_what_does_not_fit_imports_nothing(files, config, tmp_path):
    g, d, conditional, biggan = files("mimicry", "sngan32_g", "sngan32_d", "cgan_pd32_d", "sngan48_d")
    base = config()
    refused(tmp_path, "weights can be imported of mimicry, .*not of 'stylegan'", "stylegan", base, g)
    refused(tmp_path, "needs a file of weights", "mimicry", base)
    refused(tmp_path, "there is no weights file", "mimicry", base, tmp_path / "no.npz", error=FileNotFoundError)
    refused(tmp_path, "not the weights of torch-mimicry's residual generator", "mimicry", base, d)
    refused(tmp_path, "not the weights of BigGAN-PyTorch's generator", "biggan_pytorch", base, g)
    refused(tmp_path, r"of \(32, 32, 3\) images.*data.shape is \(64, 64, 3\)", "mimicry", config(64), g)
    refused(tmp_path, "different numbers of classes", "mimicry", base, g, conditional)
    refused(tmp_path, "no discriminator: its weights were never published", "pretrained_biggan", base, g, d)
    refused(tmp_path, "leave truncation out", "mimicry", base, g, truncation=0.5)
    refused(tmp_path, "a moving average belongs to a generator", "mimicry", base, None, d, generator_ema=g)
    refused(tmp_path, "set ema.decay", "mimicry", base, g, None, g)
    state = dict(np.load(g))
    state["block3.c2.bias"] = np.zeros(9, np.float32)
    np.savez(g, **state)
    refused(tmp_path, r"block3.c2.bias is \(9,\), not \(6,\)", "mimicry", base, g)
    run = tmp_path / "other"
    run.mkdir()
    (run / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="holds a run"):
        import_weights("mimicry", base, run, None, d)
    assert Checkpoints(run / "checkpoints").steps() == []

"""Plans of a small run: on the CPU against what its own programs say, and for TPUs where their compiler is installed."""

import json

import jax
import pytest
from ml_collections import ConfigDict
from PIL import Image

from gan_jax.planning.programs import OutOfMemory, read_out_of_memory
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.verbs.plan import plan

MLP = {
    "generator": {"type": "mlp.Generator", "widths": (8,)},
    "discriminator": {"type": "mlp.Discriminator", "widths": (8,)},
}
SMALL = {"batch_size": 8, "data.shape": (8, 8, 1), **MLP}
CONVOLUTIONS = {"generator": {"type": "sngan.Generator", "widths": (8, 8), "norm": "self_modulated"}}
CONVOLUTIONS["discriminator"] = {"type": "sngan.Discriminator", "widths": (8, 8), "halvings": 1}


def small(name="sngan_digits", **more):
    config = load_config(f"configs/{name}.py")
    for path, value in {**SMALL, **more}.items():
        *blocks, key = path.split(".")
        block = config
        for each in blocks:
            block = block[each]
        with block.ignore_type():
            block[key] = ConfigDict(value) if isinstance(value, dict) else value
    return config


def test_a_plan_says_what_the_program_is(tmp_path, capsys):
    (found,) = plan(small(), ["cpu:1"], out=tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text()) == [json.loads(json.dumps(found.as_json()))]
    state = jax.eval_shape(Setup.of(small()).method.init, jax.random.key(0))
    count = {name: sum(leaf.size for leaf in jax.tree.leaves(net.params)) for name, net in state.networks.items()}
    assert found.parameters == count and found.fits
    own = found.by_the_compiler
    assert own.bytes_of_arguments_a_device >= found.bytes_of_state + 8 * 8 * 8 * 4
    assert own.flops_a_device > 2 * 8 * sum(count.values())  # every weight meets every image at least once
    assert own.collectives == {} and own.host_transfers == own.arrays_of_float64 == 0
    told = capsys.readouterr().out
    assert f"discriminator {count['discriminator']:,}" in told and "by the compiler" in told


def test_a_plan_goes_to_a_json_file(tmp_path):
    (tmp_path / "folder.json").mkdir()
    for name in ("plan.png", "plan", "folder.json"):  # the plot of several would take the place of a plan.png
        with pytest.raises(ValueError, match="a plan is written to a .json file"):
            plan(small(), ["cpu:1", "cpu:1@32"], out=tmp_path / name)


def test_gpus_are_planned_by_the_roofline(capsys):
    one, four = plan(small(), ["gpu:1xh100", "gpu:4xh100"])
    roof = four.by_the_model.roofline
    assert four.fits and roof.network > 0 == one.by_the_model.roofline.network
    gradients = 4 * sum(four.parameters.values())
    assert roof.network == pytest.approx(2 * 3 / 4 * gradients / 450e9)
    assert four.by_the_compiler.flops_a_device < one.by_the_compiler.flops_a_device
    assert "by the model" in capsys.readouterr().out


def test_drawing_is_planned_too():
    (train,), (sample,) = plan(small(), ["cpu:1"]), plan(small(), ["cpu:1"], what="sample")
    assert sample.by_the_compiler.flops_a_device < train.by_the_compiler.flops_a_device / 3
    assert sample.images_a_step == 8


def test_gpus_that_draw_sum_no_gradients(capsys):
    (sample,) = plan(small(), ["gpu:4xh100"], what="sample")
    assert sample.by_the_model.roofline.network == 0 and "all-reduce" not in capsys.readouterr().out


def test_evaluation_is_planned_with_the_recipes_networks():
    """The embedded classifier's products are added to the drawing's; the batch is the config's."""
    size = {"data.shape": (16, 16, 1)}
    one, two = (
        plan(small(**size, **{"evaluate.recipes": names, "evaluate.batch_size": 16}), ["cpu:1"], what="evaluate")[0]
        for names in (("swd",), ("swd", "fd_digits"))
    )
    assert one.images_a_step == two.images_a_step == 16 and one.hours is None
    assert two.by_the_compiler.flops_a_device > 2 * one.by_the_compiler.flops_a_device


def test_every_phase_of_a_growing_run_is_planned(capsys):
    first, second = plan(small(stretches=({"rounds": 10}, {"batch_size": 4})), ["cpu:1"])
    assert (first.batch_size, second.batch_size) == (8, 4) and second.shape == (8, 8, 1)
    assert second.by_the_compiler.flops_a_device < first.by_the_compiler.flops_a_device
    assert "train at 8x8x1, batch 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("message", "sizes"),
    [
        (
            "RESOURCE_EXHAUSTED: Ran out of memory on HBM, the total memory required for HLO temporaries (30.00G) exceeds "
            "available HBM (15.50G).",
            (30 * 2**30, 15.5 * 2**30),
        ),
        ("RESOURCE_EXHAUSTED: Used 23.5G of 512M hbm. Exceeded hbm capacity by 23G", (23.5 * 2**30, 512 * 2**20)),
        ("INTERNAL: Used 23.5G of 512M hbm.", None),
    ],
)
def test_the_compilers_words_on_memory_are_read(message, sizes):
    assert read_out_of_memory(message) == sizes


def test_a_program_too_large_to_compile_is_a_row_like_any_other(monkeypatch, tmp_path, capsys):
    def give_up(*_):
        raise OutOfMemory("", 30 * 2.0**30, 15 * 2.0**30)

    monkeypatch.setattr("gan_jax.planning.planned.compile_program", give_up)
    first, _ = plan(small(), ["cpu:1@64", "cpu:1@32"], out=tmp_path / "plan.json")
    assert not first.fits and first.too_large.largest_batch in (31, 32)  # the state is next to nothing
    told = capsys.readouterr().out
    assert "does NOT fit: 30 GiB a device of 15 GiB, 15 GiB over" in told and told.count("  no\n") == 2


def test_scaling_is_drawn(tmp_path):
    plan(small(), ["gpu:1xh100@8", "gpu:2xh100@16", "gpu:2xa100"], out=tmp_path / "plan.json")
    with Image.open(tmp_path / "plan.png") as picture:
        assert picture.size == (900, 380) and len(picture.convert("L").getcolors()) > 10


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        ("v3:8", "unknown topology"),
        ("v3:0x2", "unknown topology"),
        ("gpu:3xh100", "evenly over 3 GPUs: use 6 or 9"),
        ("cpu:1@x", "is a number"),
    ],
)
def test_plans_that_cannot_be_made(topology, message):
    with pytest.raises(ValueError, match=message):
        plan(small(), [topology])


def test_simulated_devices_must_be_set_up():
    with pytest.raises(RuntimeError, match="needs 64 devices"):
        plan(small(), ["cpu:64"])


def test_missing_libtpu_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "libtpu", None)
    with pytest.raises(RuntimeError, match=r'pip install "\.\[tpu\]"'):
        plan(small(), ["v3:2x2"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("topology", "devices"), [("v3:8x8", 128), ("v4:2x2x1", 4), ("v5e:4x4", 16)])
def test_a_tpu_program_only_sums_and_never_gathers(topology, devices):
    """And sums the gradient of each kernel once, though D sees real, fake and turned images."""
    pytest.importorskip("libtpu")
    wide = {"widths": (128, 128)}  # so that kernels outweigh biases, norms and the power iteration's vectors
    networks = {name: {**CONVOLUTIONS[name], **wide} for name in CONVOLUTIONS}
    (found,) = plan(small("ssgan_digits", batch_size=512, precision="bfloat16", **networks), [topology])
    own, model = found.by_the_compiler, found.by_the_model
    assert found.devices == devices
    assert own.collectives.keys() == {"all-reduce"}
    gradients = 2 * sum(found.parameters.values())  # in bfloat16
    assert 0.9 * gradients < own.collectives["all-reduce"].bytes < 1.2 * gradients
    assert own.host_transfers == own.arrays_of_float64 == 0
    assert found.fits and own.cycles_a_step > 0
    assert model.seconds_by_cycles == pytest.approx(own.cycles_a_step / model.figures_of_the_machine.clock)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_tpu_that_is_too_small_is_told(capfd):
    """In one sentence: the library that compiles says nothing beside it."""
    pytest.importorskip("libtpu")
    (found,) = plan(small(batch_size=2**29), ["v3:2x2"])
    over = found.too_large
    assert over.needs > over.has > 15 * 2**30 and 0 < over.largest_batch < 2**29
    told, complaints = capfd.readouterr()
    assert told.count("\n") == 1 and complaints == ""


def test_gpus_whose_part_of_a_batch_the_game_cannot_play_are_named_with_a_remedy():
    with pytest.raises(ValueError, match=r"^gpu:8xh100: rotation .* a batch of 2: .* as in gpu:8xh100@512$"):
        plan(small("ssgan_digits", batch_size=16), ["gpu:8xh100"])

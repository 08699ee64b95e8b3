"""Plans of a small run: on the CPU against what its own programs say, and for TPUs where their compiler is installed."""

import dataclasses
import json
import operator
import os
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest
from ml_collections import ConfigDict
from PIL import Image

from gan_jax.planning.apart import call_apart
from gan_jax.planning.programs import TooLarge, too_large
from gan_jax.run import setup as build
from gan_jax.types import Phase
from gan_jax.verbs.plan import fits, plan

MLP = {
    "generator": {"type": "mlp.Generator", "widths": (8,)},
    "discriminator": {"type": "mlp.Discriminator", "widths": (8,)},
}
SMALL = {"batch_size": 8, "data.shape": (8, 8, 1), **MLP}
CONVOLUTIONS = {"generator": {"type": "sngan.Generator", "widths": (8, 8), "norm": "self_modulated"}}
CONVOLUTIONS["discriminator"] = {"type": "sngan.Discriminator", "widths": (8, 8), "halvings": 1}


def small(name="sngan_digits", **more):
    config = build.load_config(f"configs/{name}.py")
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
    assert json.loads((tmp_path / "plan.json").read_text())[0]["parameters"] == found["parameters"]
    config = build.resolve(small())
    method = build.method(config)
    image = jax.ShapeDtypeStruct((1, 8, 8, 8, 1), "float32")
    state = jax.eval_shape(method.init, jax.random.key(0), {"image": image})
    count = {name: sum(leaf.size for leaf in jax.tree.leaves(net.params)) for name, net in state.networks.items()}
    assert found["parameters"] == count
    own = found["by_the_compiler"]
    assert own["bytes_of_arguments_a_device"] >= found["bytes_of_state"] + 8 * 8 * 8 * 4
    assert own["flops_a_device"] > 2 * 8 * sum(count.values())  # every weight meets every image at least once
    assert own["collectives"] == {} and own["host_transfers"] == own["arrays_of_float64"] == 0
    told = capsys.readouterr().out
    assert f"discriminator {count['discriminator']:,}" in told and "by the compiler" in told


def test_gpus_are_planned_by_the_roofline(capsys):
    one, four = plan(small(), ["gpu:1xh100", "gpu:4xh100"])
    roof = four["by_the_model"]["roofline"]
    assert four["by_the_model"]["fits"] and roof["network"] > 0 == one["by_the_model"]["roofline"]["network"]
    gradients = 4 * sum(four["parameters"].values())
    assert roof["network"] == pytest.approx(2 * 3 / 4 * gradients / 450e9)
    assert four["by_the_compiler"]["flops_a_device"] < one["by_the_compiler"]["flops_a_device"]
    assert "by the model" in capsys.readouterr().out


def test_drawing_is_planned_too():
    (train,), (sample,) = plan(small(), ["cpu:1"]), plan(small(), ["cpu:1"], what="sample")
    assert sample["by_the_compiler"]["flops_a_device"] < train["by_the_compiler"]["flops_a_device"] / 3
    assert sample["images_a_step"] == 8


def test_evaluation_is_planned_with_the_recipes_networks():
    """The embedded classifier's products are added to the drawing's; the batch is the config's."""
    size = {"data.shape": (16, 16, 1)}
    one, two = (
        plan(small(**size, **{"evaluate.recipes": names, "evaluate.batch_size": 16}), ["cpu:1"], what="evaluate")[0]
        for names in (("swd",), ("swd", "fd_digits"))
    )
    assert one["images_a_step"] == two["images_a_step"] == 16 and one.get("hours") is None
    assert two["by_the_compiler"]["flops_a_device"] > 2 * one["by_the_compiler"]["flops_a_device"]


def test_every_phase_of_a_growing_run_is_planned(monkeypatch, capsys):
    method = build.method(build.resolve(small()))
    phases = (Phase((8, 8), 8, 0, 10), Phase((8, 8), 4, 10, 30))
    monkeypatch.setattr(build, "method", lambda config: dataclasses.replace(method, phases=phases))
    first, second = plan(small(), ["cpu:1"])
    assert (first["batch_size"], second["batch_size"]) == (8, 4) and second["resolution"] == (8, 8)
    assert second["by_the_compiler"]["flops_a_device"] < first["by_the_compiler"]["flops_a_device"]
    assert "train at 8x8, batch 4" in capsys.readouterr().out


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
    assert too_large(message) == sizes


def test_a_program_too_large_to_compile_is_a_row_like_any_other(monkeypatch, tmp_path, capsys):
    def give_up(*_):
        raise TooLarge("", 30 * 2.0**30, 15 * 2.0**30)

    monkeypatch.setattr("gan_jax.verbs.plan.compile_program", give_up)
    first, _ = plan(small(), ["cpu:1@64", "cpu:1@32"], out=tmp_path / "plan.json")
    assert not fits(first) and fits({}) and not fits({"by_the_model": {"fits": False}})
    assert first["too_large"]["largest_batch"] in (31, 32)  # the state is next to nothing
    told = capsys.readouterr().out
    assert "does NOT fit: 30 GiB a device of 15 GiB, 15 GiB over" in told and told.count("  no\n") == 2


def test_scaling_is_drawn(tmp_path):
    plan(small(), ["gpu:1xh100@8", "gpu:2xh100@16", "gpu:2xa100"], out=tmp_path / "plan.json")
    with Image.open(tmp_path / "plan.png") as picture:
        assert picture.size == (900, 380) and len(picture.convert("L").getcolors()) > 10


def test_a_compiler_that_dies_is_an_error():
    assert call_apart("v9:2x2", operator.add, 1, 2) == 3
    with pytest.raises(RuntimeError, match="v9:2x2: the compiler crashed"):
        call_apart("v9:2x2", os.abort)
    with pytest.raises(ValueError, match="invalid literal"):
        call_apart("v9:2x2", int, "x")


def test_a_call_ends_with_the_process_that_waits_for_it(tmp_path):
    program = (
        "import pathlib, sys\nfrom gan_jax.planning.apart import call_apart\n"
        "if __name__ == '__main__': call_apart('', exec, f'import os, pathlib, time; "
        "pathlib.Path({sys.argv[1]!r}).write_text(str(os.getpid())); time.sleep(100)')"
    )
    (tmp_path / "program.py").write_text(program)
    waiting = subprocess.Popen([sys.executable, tmp_path / "program.py", tmp_path / "pid"])
    deadline = time.monotonic() + 60
    while not ((tmp_path / "pid").exists() and (called := (tmp_path / "pid").read_text())):
        assert waiting.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    waiting.kill()
    waiting.wait()
    while _runs(int(called)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # one that ended and that nobody asked after runs no more
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.parametrize(
    ("topology", "message"),
    [("v3:8", "unknown topology"), ("gpu:3xh100", "evenly over 3 GPUs: use 6 or 9"), ("cpu:1@x", "is a number")],
)
def test_plans_that_cannot_be_made(topology, message):
    with pytest.raises(ValueError, match=message):
        plan(small(), [topology])


def test_simulated_devices_must_be_set_up():
    with pytest.raises(RuntimeError, match="needs 64 devices"):
        plan(small(), ["cpu:64"])


def test_missing_libtpu_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "libtpu", None)
    with pytest.raises(RuntimeError, match=r'pip install "gan_jax\[tpu\]"'):
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
    own = found["by_the_compiler"]
    assert found["devices"] == devices
    assert own["collectives"].keys() == {"all-reduce"}
    gradients = 2 * sum(found["parameters"].values())  # in bfloat16
    assert 0.9 * gradients < own["collectives"]["all-reduce"]["bytes"] < 1.2 * gradients
    assert own["host_transfers"] == own["arrays_of_float64"] == 0
    assert found["by_the_model"]["fits"] and own["cycles_a_step"] > 0
    assert found["by_the_model"]["seconds_by_cycles"] == pytest.approx(
        own["cycles_a_step"] / found["by_the_model"]["figures_of_the_machine"]["clock"]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_tpu_that_is_too_small_is_told():
    pytest.importorskip("libtpu")
    (found,) = plan(small(batch_size=2**29), ["v3:2x2"])
    over = found["too_large"]
    assert over["needs"] > over["has"] > 15 * 2**30 and 0 < over["largest_batch"] < 2**29

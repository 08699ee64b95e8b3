"""Plans of a small run: on the CPU against what its own programs say, and for TPUs where their compiler is installed."""

import json

import jax
import pytest
from ml_collections import ConfigDict

from gan_jax import build
from gan_jax.plan import plan

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


@pytest.mark.parametrize(
    ("topology", "message"),
    [("v3:8", "unknown topology"), ("gpu:3xh100", "cannot be split evenly over 3"), ("cpu:1@x", "is a number")],
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
def test_a_tpu_program_only_sums_and_never_gathers():
    pytest.importorskip("libtpu")
    config = small("ssgan_digits", batch_size=512, precision="bfloat16", **CONVOLUTIONS)
    (found,) = plan(config, ["v3:8x8"])
    own = found["by_the_compiler"]
    assert found["devices"] == 128
    assert own["collectives"].keys() == {"all-reduce"}
    assert own["host_transfers"] == own["arrays_of_float64"] == 0
    assert found["by_the_model"]["fits"]

"""A plan made by hand: as text, as a row of the table, and as JSON."""

import dataclasses
import json

import pytest

from gan_jax.planning.estimate import Roofline
from gan_jax.planning.found import ByTheCompiler, ByTheModel, Plan, TooLarge
from gan_jax.planning.hlo import Collective
from gan_jax.planning.machines import KINDS
from gan_jax.planning.page import page, scaling_table

GIB = 2**30
KNOWN = Plan(
    topology="v3:2x2",
    what="train",
    devices=8,
    batch_size=64,
    images_a_step=128,
    parameters={"discriminator": 1000, "generator": 2000},
    bytes_of_state=GIB,
)
COMPILED = ByTheCompiler(
    bytes_of_arguments_a_device=2 * GIB,
    bytes_of_temporaries_a_device=3 * GIB,
    bytes_of_program=2**20,
    flops_a_device=4e12,
    bytes_accessed_a_device=5e9,
    seconds_a_step=0.1,
    cycles_a_step=188_000_000,
    collectives={"all-reduce": Collective(3, 2048)},
    largest_collectives=[("all-reduce", 2048, "step")],
    host_transfers=0,
    arrays_of_float64=1,
)
MODELLED = ByTheModel(
    roofline=Roofline(0.065, 0.011, 0.001, 0.065, "compute"),
    memory_a_device=16 * GIB,
    bytes_over=0.0,
    fits=True,
    largest_batch=200,
    share_of_peak=0.65,
    seconds_by_cycles=0.2,
    figures_of_the_machine=KINDS["v3"],
)
WHOLE = dataclasses.replace(
    KNOWN,
    compile_seconds=12.4,
    by_the_compiler=COMPILED,
    by_the_model=MODELLED,
    images_a_second=640.0,
    hours=2.5,
    images_a_second_and_host=640.0,
)
ON_CPU = dataclasses.replace(KNOWN, topology="cpu:8", compile_seconds=1.0, by_the_compiler=COMPILED)
OVER = dataclasses.replace(KNOWN, too_large=TooLarge(30.0 * GIB, 16.0 * GIB, 24))


def test_a_page():
    assert (
        page(WHOLE)
        == """\
v3:2x2: 8 devices, train, batch 64; discriminator 1,000, generator 2,000
  memory a device: state and batch 2 GiB, temporaries 3 GiB, program 1 MiB (by the compiler)
    of 16 GiB: fits, as would a batch of about 200 (by the model)
  work: 4 TFLOP a device and step, 250.0 GFLOP a real image shown (by the compiler)
  all-reduce: 3 a step, 2 KiB (by the compiler)
  WARNING: 0 host transfers, 1 arrays of float64
  time: 100.0 ms a step, each operation at its peak (by the compiler)
    200.0 ms by the 188.0 million cycles of its schedule, and the machine's clock
  roofline (by the model): compute 65.0 ms, memory 11.0 ms, network 1.0 ms: bound by compute; 65 % of peak
  640 images/s, 2.5 hours for the whole run; each host must read 640 images/s
  compiled in 12 s"""
    )


def test_a_page_of_what_was_too_large():
    assert page(OVER) == (
        "v3:2x2: 8 devices, train, batch 64: does NOT fit: 30 GiB a device of 16 GiB, 14 GiB over (by the compiler, which "
        "went no further); a batch of about 24 would (by the model), or method.accumulate, or more devices"
    )


def test_a_table_says_yes_no_and_nothing():
    small = dataclasses.replace(WHOLE, by_the_model=dataclasses.replace(MODELLED, fits=False), images_a_second=1280.0)
    rows = scaling_table([WHOLE, small, OVER, ON_CPU]).splitlines()[1:]
    assert rows[:2] == [
        "v3:2x2               8      64       200.0         640                  100.0%   yes",
        "v3:2x2               8      64       100.0       1,280                  200.0%    no",
    ]
    assert rows[2].endswith("nan                    0.0%    no") and rows[3].endswith("0.0%      ")


@pytest.mark.parametrize(
    ("plan", "keys"),
    [
        (WHOLE, "compile_seconds by_the_compiler by_the_model images_a_second hours images_a_second_and_host"),
        (OVER, "too_large"),
        (ON_CPU, "compile_seconds by_the_compiler"),
        (dataclasses.replace(WHOLE, hours=None, shape=(4, 4, 3)), "hours shape"),
    ],
)
def test_json_has_the_known(plan, keys):
    plain = json.loads(json.dumps(plan.as_json()))
    own = {field.name for field in dataclasses.fields(Plan) if getattr(KNOWN, field.name) is not None}
    assert own <= plain.keys() and set(keys.split()) <= plain.keys()
    if plan.shape is None:
        assert plain.keys() == own | set(keys.split())
    if plan.by_the_model:
        assert plain["by_the_model"]["roofline"]["bound"] == "compute"
        assert plain["by_the_model"]["figures_of_the_machine"]["clock"] == KINDS["v3"].clock
        assert plain["by_the_compiler"]["collectives"] == {"all-reduce": {"count": 3, "bytes": 2048}}
        assert plain["by_the_compiler"]["largest_collectives"] == [["all-reduce", 2048, "step"]]

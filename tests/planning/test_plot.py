from gan_jax.planning.found import Plan
from gan_jax.planning.plot import lines_of


def plan(topology, devices, batch):
    return Plan(
        topology=topology,
        what="train",
        devices=devices,
        batch_size=batch,
        images_a_step=batch,
        parameters={},
        bytes_of_state=0,
    )


def test_weak_and_strong_scaling_are_lines_and_what_shares_neither_stands_alone():
    plans = [
        plan("v3:8x8", 128, 2048),
        plan("v3:2x2", 8, 128),
        plan("v3:4x4", 32, 2048),
        plan("v4:2x2x1", 4, 128),
        plan("v3:2x2", 8, 96),
    ]
    assert {label: [(each.devices, each.batch_size) for each in line] for label, line in lines_of(plans).items()} == {
        "v3, 16 images a device": [(8, 128), (128, 2048)],
        "v3, batch 2048": [(32, 2048), (128, 2048)],
        "v4:2x2x1, batch 128": [(4, 128)],  # another kind of machine
        "v3:2x2, batch 96": [(8, 96)],
    }

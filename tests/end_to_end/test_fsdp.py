"""A state that is split over devices trains, is saved, loads and samples as one that every device has whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import functools, json, sys
import jax, numpy as np
from gan_jax import losses, optim
from gan_jax.architectures import dcgan
from gan_jax.run.drawing import draw
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import make_mesh, put_batch, state_shardings, state_template

SHAPE = (4, 4, 1)
game = Adversarial(
    dcgan.Generator(SHAPE, widths=(8,), kernel=3, norm="batch"),
    dcgan.Discriminator(SHAPE, widths=(6, 16), kernel=3),  # 4 does not divide 6: such leaves go another way
    losses.hinge(),
    # The bias before a norm has no gradient but rounding, which a tiny epsilon would let Adam take for one.
    {"generator": optim.adam(2e-3, eps=1e-4), "discriminator": optim.adam(2e-3, eps=1e-4)},
    (Stretch(Phase(SHAPE, 8), 0, 4),),
    latents=normal(4),
    ema=optim.Ema(0.5),
)
rng = np.random.default_rng(0)
batches = [{"image": rng.uniform(-1, 1, (1, 8, *SHAPE)).astype(np.float32)} for _ in range(4)]
fast = {"xla_backend_optimization_level": 0}
first = jax.jit(game.init, compiler_options=fast)(jax.random.key(0))
abstract = jax.eval_shape(lambda: first)
MESHES = {"1x1": (1, 1), "1x2": (1, 2), "1x4": (1, 4), "2x2": (2, 2)}
meshes = {name: make_mesh(*sizes, devices=jax.devices()[: sizes[0] * sizes[1]]) for name, sizes in MESHES.items()}
steps = {
    name: jax.jit(
        functools.partial(game.step, phase=game.stretches[0].phase),
        out_shardings=(state_shardings(abstract, mesh), None),
        compiler_options=fast,
    )
    for name, mesh in meshes.items()
}


def play(name, state, rounds):
    losses = []
    for t in rounds:
        with jax.set_mesh(meshes[name]):
            state, metrics = steps[name](state, put_batch(batches[t], meshes[name]))
        losses.append({key: float(value) for key, value in metrics.items()})
    return state, losses


def held(state):  # bytes of the fields that are split: of all, and on the first device
    leaves = jax.tree.leaves([(net.params, net.opt_state, net.ema) for net in state.networks.values()])
    on_first = [shard.data.nbytes for leaf in leaves for shard in leaf.addressable_shards if shard.device.id == 0]
    split = [leaf.sharding.spec for leaf in leaves if not leaf.is_fully_replicated]
    return {"all": sum(leaf.nbytes for leaf in leaves), "first": sum(on_first), "split": len(split)}


def numbers(state):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(
        jax.device_get(state.networks))}


seen, whole = {}, None
for name, mesh in meshes.items():
    state, losses = play(name, jax.device_put(first, state_shardings(abstract, mesh)), range(3))
    with jax.set_mesh(mesh):
        images = draw(game.samplers(state, game.stretches[0].phase)["image"], 4)["image"]
    values = numbers(state)
    whole = whole or values
    apart = max(float(np.max(np.abs(values[path] - leaf), initial=0)) for path, leaf in whole.items())
    seen[name] = {"losses": losses, "apart": apart, "held": held(state), "images": images.tolist()}
    if name == "1x4":
        with Checkpoints(sys.argv[1]) as checkpoints:
            checkpoints.save(3, state)
        digest = state_digest(state)
        seen["next"] = {"1x4": play(name, state, [3])[1]}
with Checkpoints(sys.argv[1]) as checkpoints:
    for name in ("1x1", "2x2"):
        step, state = checkpoints.restore(state_template(abstract, meshes[name]))
        assert step == 3 and state_digest(state) == digest
        assert jax.tree.leaves(jax.tree.map(lambda leaf: leaf.sharding, state)) == jax.tree.leaves(
            state_shardings(abstract, meshes[name]))
        seen["next"][name] = play(name, state, [3])[1]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    cached = {
        name: os.environ[name] for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")
    }
    devices = "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path_factory.mktemp("fsdp") / "checkpoints")],
        env={**kept, **cached, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": devices, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _close(rounds, expected):
    assert len(rounds) == len(expected)
    for t, (got, wanted) in enumerate(zip(rounds, expected, strict=True)):
        for name in sorted(wanted):
            np.testing.assert_allclose(got[name], wanted[name], rtol=1e-4, atol=1e-6, err_msg=f"round {t}, {name}")


@pytest.mark.parametrize(("mesh", "parts"), [("1x2", 2), ("1x4", 4), ("2x2", 2)])
def test_a_split_state_trains_and_samples_as_a_whole_one(seen, mesh, parts):
    held = seen[mesh]["held"]
    assert held["split"] >= 20, held  # weights, their averages and Adam's memory
    assert held["all"] / parts <= held["first"] < 1.2 * held["all"] / parts  # but for leaves that nothing divides
    _close(seen[mesh]["losses"], seen["1x1"]["losses"])
    assert seen[mesh]["apart"] < 1e-4
    np.testing.assert_allclose(seen[mesh]["images"], seen["1x1"]["images"], atol=1e-4)


def test_one_device_has_all(seen):
    held = seen["1x1"]["held"]
    assert held["split"] == 0 and held["first"] == held["all"]
    assert len({each["d/adversarial"] for each in seen["1x1"]["losses"]}) == 3


@pytest.mark.parametrize("mesh", ["1x1", "2x2"])
def test_a_checkpoint_of_a_split_state_goes_on_split_otherwise_or_whole(seen, mesh):
    _close(seen["next"][mesh], seen["next"]["1x4"])

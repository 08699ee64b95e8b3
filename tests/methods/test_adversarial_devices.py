"""One game on eight devices and on one: the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import functools, json
import jax, numpy as np
from gan_jax import losses, optim
from gan_jax.architectures import dcgan
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.rotation import rotation
from gan_jax.runtime.mesh import make_mesh, put_batch, state_shardings

assert jax.device_count() == 8
SHAPE = (4, 4, 1)
game = Adversarial(
    dcgan.Generator(SHAPE, widths=(6,), kernel=3, norm="self_modulated"),
    dcgan.Discriminator(SHAPE, widths=(4, 6), kernel=3),
    losses.hinge(),
    # The bias before a norm has no gradient but rounding, which a tiny epsilon would let Adam take for one.
    {"generator": optim.adam(2e-3, eps=1e-4), "discriminator": optim.adam(2e-3, eps=1e-4)},
    (Stretch(Phase(SHAPE, 32, d_steps=2), 0, 5),),
    {"rotation": rotation(scheme=None)},
    latents=normal(4),
    ema=optim.Ema(0.5),
)
rng = np.random.default_rng(0)
batches = [{"image": rng.uniform(-1, 1, (2, 32, *SHAPE)).astype(np.float32)} for _ in range(5)]
fast = {"xla_backend_optimization_level": 0}
first = jax.jit(game.init, compiler_options=fast)(jax.random.key(0))


def run(devices):
    mesh = make_mesh(devices=devices)
    with jax.set_mesh(mesh):
        shardings = state_shardings(first, mesh)
        state = jax.device_put(first, shardings)
        step = functools.partial(game.step, phase=game.stretches[0].phase)
        step = jax.jit(step, out_shardings=(shardings, None), compiler_options=fast)
        seen = []
        for batch in batches:
            state, metrics = step(state, put_batch(batch, mesh))
            seen.append({name: float(value) for name, value in metrics.items()})
    leaves = jax.tree_util.tree_flatten_with_path(jax.device_get(state.networks))[0]
    return seen, {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


(one, state_1), (eight, state_8) = run(jax.devices()[:1]), run(jax.devices())
apart = {name: float(np.max(np.abs(leaf - state_8[name]))) for name, leaf in state_1.items()}
print(json.dumps({"one": one, "eight": eight, "apart": apart}))
"""


def test_eight_devices_train_as_one():
    """Batch normalisation over all devices, self-modulated too; the rotation task; two updates of D a round; five rounds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    devices = "--xla_force_host_platform_device_count=8"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**kept, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": devices, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    for t, (one, eight) in enumerate(zip(seen["one"], seen["eight"], strict=True)):
        for name in sorted(one):
            np.testing.assert_allclose(eight[name], one[name], rtol=1e-4, atol=1e-6, err_msg=f"round {t}, {name}")
    assert len(seen["one"]) == 5 and len({one["d/adversarial"] for one in seen["one"]}) == 5
    assert max(seen["apart"].values()) < 1e-3, seen["apart"]

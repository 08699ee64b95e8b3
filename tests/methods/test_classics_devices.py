"""A game of an autoencoder, classes and codes on eight devices and on one: the same numbers."""

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
from gan_jax.architectures import acgan, began
from gan_jax.game import Phase, Stretch
from gan_jax.latents import coded, uniform
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.auxiliary_classifier import auxiliary_classifier
from gan_jax.regularizers.mutual_information import mutual_information
from gan_jax.runtime.mesh import make_mesh, put_batch, state_shardings

assert jax.device_count() == 8
SHAPE, CODES = (8, 8, 1), coded(uniform(3), (4,), 1)
game = Adversarial(
    acgan.Generator(SHAPE, (6, 4), num_classes=3),
    began.Autoencoder(SHAPE, 3, hidden=4, halvings=1),
    losses.boundary_equilibrium(0.9, 0.1),
    {player: optim.on_stall(optim.adam(2e-3, eps=1e-4), window=1, patience=1) for player in ("generator", "discriminator")},
    (Stretch(Phase(SHAPE, 16), 0, 4),),
    {"classes": auxiliary_classifier(num_classes=3), "codes": mutual_information(hidden=4, latents=CODES)},
    latents=CODES,
    num_classes=3,
)
rng = np.random.default_rng(0)
draw = lambda: rng.uniform(-1, 1, (1, 16, *SHAPE)).astype(np.float32)
batches = [{"image": draw(), "label": rng.integers(-1, 3, (1, 16)).astype(np.int32)} for _ in range(4)]
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
    return seen


print(json.dumps([run(jax.devices()[:1]), run(jax.devices())]))
"""


def test_eight_devices_train_as_one():
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
    for t, (one, eight) in enumerate(zip(*json.loads(done.stdout), strict=True)):
        for name in sorted(one):
            np.testing.assert_allclose(eight[name], one[name], rtol=1e-4, atol=1e-5, err_msg=f"round {t}, {name}")

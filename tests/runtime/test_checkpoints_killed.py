"""A run that is killed without warning, again and again, while it saves."""

import random
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest

KILLED = """
import itertools, sys
from test_checkpoints_killed import state_at, template
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
checkpoints = Checkpoints(sys.argv[1], keep=3)
found = checkpoints.restore(template())
for step in itertools.count(1 if found is None else found[0] + 1):
    checkpoints.save(step, state_at(step))
    print(step, flush=True)
"""


def state_at(step: int) -> dict[str, jax.Array]:
    random = np.random.default_rng(step)
    return {f"w{i}": jnp.asarray(random.standard_normal((400, 400 + i), np.float32)) for i in range(6)}  # 3.9 MB


def template():
    return jax.eval_shape(lambda: {f"w{i}": jnp.zeros((400, 400 + i)) for i in range(6)})


def test_killed_at_random_moments_it_always_comes_back_whole(tmp_path, environment):
    moments, last = random.Random(0), 0
    for attempt in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], env=environment(), stdout=subprocess.PIPE, text=True
        ) as run:
            started = [int(run.stdout.readline()), int(run.stdout.readline())]  # the first of them is complete
            time.sleep(moments.uniform(0, 0.5))
            run.kill()
            started += [int(line) for line in run.stdout]
        assert run.returncode == -9
        step, state = Checkpoints(tmp_path).restore(template())
        assert started[-1] - 1 <= step <= started[-1] + 1 and step > last, (attempt, started, step)
        assert state_digest(state) == state_digest(state_at(step))
        last = step

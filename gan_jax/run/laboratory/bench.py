"""Plays a game on points, all of it on the device, and looks at it on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.sources.toys import TOYS, Toys
from gan_jax.game import Phase, sampled
from gan_jax.metrics.modes import mode_coverage
from gan_jax.nn.compiling import compiled
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup
from gan_jax.types import Array, TrainState, named_key

SIDE = 64  # of the grid of the plane on which D is asked
_SHOWN, _SCORED = 2000, 10_000  # points drawn for a frame, and for the scores
# Every toy from about -2 to 2, so that one set of rates may do for all; ring and grid have PacGAN's ratios.
SIZES: Mapping[str, Mapping[str, float]] = {
    "ring": {"scale": 2.0, "std": 0.02},
    "grid": {"scale": 2.0, "std": 0.025},
    "swiss_roll": {"scale": 2.0, "std": 0.035},
    "line": {"scale": 2.0, "std": 0.05},
}
EDGE = 2.6  # of what is shown, on all sides


class Frame(NamedTuple):
    """A game after so many rounds."""

    round: int
    points: np.ndarray  # float32 [N, D], generated
    logits: np.ndarray | None  # of D: float32 [SIDE, SIDE], the first axis from below, or of the line [SIDE ** 2]
    metrics: Mapping[str, float]  # of the last round played


class Played(NamedTuple):
    """A game to its end, or to where it left the finite numbers."""

    frames: list[Frame]
    scores: Mapping[
        str, float
    ]  # "modes", "near", "reverse_kl" and the others of `mode_coverage`; NaN where it diverged
    seconds: float  # of training; compilation is not counted
    compile_seconds: float


def on_toy(config: Mapping[str, Any], toy: str, seed: int) -> dict[str, Any]:
    """The config of a game of points, as plain data, on another toy. Raises ConfigError for one of other data."""
    if config["data"].get("source") != "toys":
        raise ConfigError(f"the toy laboratory plays games of points: data.source is {config['data'].get('source')!r}")
    data = {**config["data"], "shape": (TOYS[toy].dimensions,), "toys": {"name": toy, **SIZES[toy]}}
    return {**config, "data": data, "seed": seed}


class Bench:
    """A game whose programs are compiled once, for all toys of as many dimensions and for all seeds."""

    def __init__(self, config: Mapping[str, Any]):
        self._setup = Setup.of(config)
        self._method = self._setup.method
        taken = set(self._method.batch(self._phase)) - {"image", "label"}
        if taken or len(self._phase.shape) != 1:
            raise ConfigError(
                f"the toy laboratory plays games of points, and this one takes {', '.join(sorted(taken))}"
            )
        self._programs: dict[Phase, Any] = {}
        self._look = compiled(self._looked)

    @property
    def _phase(self) -> Phase:
        return self._setup.stretches[-1].phase

    def play(self, source: Toys, seed: int, frames: int) -> Played:
        """From round 0, with pictures at so many of its rounds, most of them early. Batches are drawn with replacement."""
        data = {"image": jnp.asarray(source.images), "label": jnp.asarray(source.labels())}
        state = jax.jit(self._method.init)(jax.random.key(seed))
        compiling = self._prepare(state, data)
        shown = np.unique(np.round(self._setup.steps * np.linspace(0, 1, frames) ** 1.5).astype(int))
        found, seconds, metrics = [], 0.0, {}
        for start, stop in zip((0, *shown), shown, strict=False):
            began = time.perf_counter()
            state, metrics = self._advance(state, data, int(start), int(stop), metrics)
            seconds += time.perf_counter() - began
            points, logits = jax.device_get(self._look(state, jax.random.key(seed)))
            found.append(
                Frame(int(stop), points[:_SHOWN], logits, {name: float(value) for name, value in metrics.items()})
            )
            if not np.isfinite(points).all():
                return Played(found, dict.fromkeys(("modes", "near", "reverse_kl"), float("nan")), seconds, compiling)
        return Played(found, mode_coverage(points, source.modes, source.std), seconds, compiling)

    def _prepare(self, state: TrainState, data: Mapping[str, Array]) -> float:
        """Compiles what is not compiled yet. -> seconds."""
        began = time.perf_counter()
        for phase in dict.fromkeys(each.phase for each in self._setup.stretches):
            if phase not in self._programs:
                rounds = lambda state, data, n, phase=phase: self._rounds(state, data, n, phase)
                self._programs[phase] = compiled(rounds)
                self._programs[phase](state, data, 0)
        return time.perf_counter() - began

    def _advance(self, state: TrainState, data: Mapping[str, Array], start: int, stop: int, metrics: Mapping) -> tuple:
        for each in self._setup.stretches:
            n = min(each.stop, stop) - max(each.start, start)
            if n > 0:
                state, metrics = self._programs[each.phase](state, data, n)
        return jax.block_until_ready(state), jax.device_get(metrics)

    def _rounds(self, state: TrainState, data: Mapping[str, Array], n: Array, phase: Phase) -> tuple:
        """n rounds, whose number is traced: one program for every length."""
        shapes = self._method.batch(phase)
        key = named_key(state.key, "the data's order")

        def one(_: Array, carry: tuple) -> tuple:
            state, _ = carry
            rows = (phase.d_steps, phase.batch_size)
            drawn = jax.random.randint(jax.random.fold_in(key, state.step), rows, 0, len(data["image"]))
            return self._method.step(state, {name: data[name][drawn] for name in shapes}, phase)

        told = jax.eval_shape(lambda state, batch: self._method.step(state, batch, phase)[1], state, shapes)
        nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), told)
        return jax.lax.fori_loop(0, n, one, (state, nothing))

    def _looked(self, state: TrainState, key: Array) -> tuple[Array, Array | None]:
        """Points of the generator, its average where it has one, and D's logits over what is shown."""
        sampler = next(iter(self._method.samplers(state, self._phase).values()))
        points, _ = sampled(sampler, key, jnp.arange(_SCORED, dtype=jnp.uint32))
        observer = next(iter(self._method.observers(state, self._phase).values()), None)
        if not hasattr(observer, "logits"):
            return points, None
        axis = jnp.linspace(-EDGE, EDGE, SIDE)
        if self._phase.shape == (1,):
            return points, observer.logits(jnp.linspace(-EDGE, EDGE, SIDE**2)[:, None])
        x, y = jnp.meshgrid(axis, axis)
        return points, observer.logits(jnp.stack([x.ravel(), y.ravel()], -1)).reshape(SIDE, SIDE)

"""A straight walk that does to images what a transformation does (Jahanian et al., arXiv:1907.07171)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from gan_jax.analysis.steering.distances import Masked, masked_squared_error
from gan_jax.analysis.steering.transformations import Transformation
from gan_jax.analysis.steering.walk import Ground, Linear, reuse
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, named_key

_MOST_A_CALL = 25
_START = 0.1  # standard deviation of a walk's entries before it is learned, as the authors' code has it


def learn_linear(
    sampler: Sampler,
    ground: Ground,
    key: Array,
    transformation: Transformation,
    num: int = 2000,
    batch_size: int = 4,
    rate: float = 0.01,
    distance: Masked = masked_squared_error,
    progress: bool = True,
) -> tuple[Linear, np.ndarray]:
    """The vector w of the least mean distance between G(p + a w) and the transformation by a of G(p), where that is known.

    Eq. (1) and (2) of the paper: latents p and amounts a are drawn anew for each step of Adam, `num` latents in all, elements
    0 to num - 1 of the sample that `key` stands for. The rate falls to 0 as a cosine (ours). Noise of layers is that of G(p).

    -> the walk, and the mean distance of each step [num // batch_size].
    Raises ValueError for fewer latents than one batch, and a rate that is not above 0.
    """
    if not 1 <= batch_size <= num or not 0 < rate < np.inf:
        raise ValueError(
            f"a walk is learned from a batch or more at a rate above 0; got {num=}, {batch_size=}, {rate=}"
        )
    steps = num // batch_size
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, steps))
    of_start, of_amounts = named_key(key, "steering start"), named_key(key, "steering amounts")
    with reuse():
        one = jax.eval_shape(lambda: ground.points(sampler.map(sampler.starts(key, jnp.arange(1, dtype=jnp.uint32)))))
        vector = _START * jax.random.normal(of_start, one.shape[1:])

        def loss(sampler: Any, vector: Array, step: Array) -> Array:
            indices = step.astype(jnp.uint32) * batch_size + jnp.arange(batch_size, dtype=jnp.uint32)
            codes = sampler.map(sampler.starts(key, indices))
            images = jax.lax.stop_gradient(sampler.synthesize(codes)[0])
            amounts = transformation.draw(jax.random.fold_in(of_amounts, step), batch_size, images.shape[2])
            targets, masks = transformation.apply(images, amounts)
            offsets = Linear(vector).offsets(ground.points(codes), amounts)
            return jnp.mean(distance(ground.images(sampler, codes, offsets), targets, masks))

        def several(sampler: Any, vector: Array, state: Any, steps: Array) -> tuple:
            def once(carry, step):
                vector, state = carry
                value, slope = jax.value_and_grad(loss, argnums=1)(sampler, vector, step)
                updates, state = optimizer.update(slope, state, vector)
                return (optax.apply_updates(vector, updates), state), value

            return jax.lax.scan(once, (vector, state), steps)

        several, state, history = compiled(several), optimizer.init(vector), []
        a_call = next(n for n in range(_MOST_A_CALL, 0, -1) if steps % n == 0)
        with tqdm(total=steps, desc="learning a walk", unit="step", disable=not progress) as bar:
            for first in range(0, steps, a_call):
                (vector, state), values = several(sampler, vector, state, jnp.arange(first, first + a_call))
                history.append(np.asarray(values))
                bar.update(a_call)
                bar.set_postfix_str(f"distance {history[-1].mean():.4g}")
    return Linear(vector), np.concatenate(history)

"""Where the gradient vanishes: a discriminator and two critics trained to the end on mixtures that do not meet.

The picture of Arjovsky et al., arXiv:1701.07875, figure 2: real points around -2 and -1, made ones around 1 and 2, and no
generator that moves. Prints the median size of the gradient that a generator would get at the made points, and draws
the three functions.

    python benchmarks/critic_gradients.py --out=docs/images/critic_gradients.png
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax import losses, optim
from gan_jax.architectures import mlp
from gan_jax.methods.clipping import clipped
from gan_jax.runtime.writers.images import canvas, save_figure

STD, BATCH = 0.1, 256
NET = mlp.Discriminator((1,), (64, 64, 64))
SETTINGS = {  # loss, optimiser, limit of the weights, weight of the gradient penalty
    "discriminator (cross-entropy)": (losses.saturating(), optim.adam(1e-3), None, 0.0),
    "critic, clipped to 0.1": (losses.wasserstein(), optim.rmsprop(1e-3), 0.1, 0.0),
    "critic, gradient penalty 10": (losses.wasserstein(), optim.adam(1e-3, b1=0.5, b2=0.9), None, 10.0),
}


def drawn(key: jax.Array, centres: tuple[float, float]) -> jax.Array:
    """[BATCH, 1] points of two Gaussians."""
    which, noise = jax.random.split(key)
    return jax.random.choice(which, jnp.array(centres), (BATCH, 1)) + STD * jax.random.normal(noise, (BATCH, 1))


def judge(params, x: jax.Array) -> jax.Array:
    return NET.apply({"params": params}, x).logits


def slopes(params, x: jax.Array) -> jax.Array:
    return jax.grad(lambda x: jnp.sum(judge(params, x)))(x)[:, 0]


def trained(loss, optimizer, limit, weight: float, steps: int, seed: int):
    """The parameters after so many updates."""
    params = NET.init(jax.random.key(seed), jnp.zeros((1, 1)))["params"]

    def total(params, real, fake, along):
        penalty = jnp.mean(jnp.square(jnp.abs(slopes(params, along * real + (1 - along) * fake)) - 1))
        return loss.discriminator(judge(params, real), judge(params, fake), loss.init()).loss + weight * penalty

    def step(t, carry):
        params, state = carry
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed + 1), t), 3)
        params = clipped(params, limit)
        points = drawn(keys[0], (-2.0, -1.0)), drawn(keys[1], (1.0, 2.0))
        gradient = jax.grad(total)(params, *points, jax.random.uniform(keys[2], (BATCH, 1)))
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    return jax.jit(lambda carry: jax.lax.fori_loop(0, steps, step, carry))((params, optimizer.init(params)))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", default="critic_gradients.png")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    x, fake = np.linspace(-3, 3, 601)[:, None], np.asarray(drawn(jax.random.key(9), (1.0, 2.0)))
    figure, panels = canvas(3, 4.6, 3.4)
    for panel, (name, (loss, optimizer, limit, weight)) in zip(panels, SETTINGS.items(), strict=True):
        params = trained(loss, optimizer, limit, weight, asked.steps, asked.seed)
        of_g = lambda x: loss.generator(judge(params, x), judge(params, x), loss.init()).loss * len(x)  # noqa: B023
        felt = np.abs(jax.grad(of_g)(jnp.asarray(fake)))[:, 0]
        print(
            f"{name}: the generator's gradient at made points: median {np.median(felt):.2e}, largest {felt.max():.2e}"
        )
        logits = np.asarray(judge(params, x))
        values = jax.nn.sigmoid(logits) if weight == 0 and limit is None else logits
        panel.plot(x[:, 0], values, label="D" if values is not logits else "the critic")
        for centres, colour, label in (((-2, -1), "0.6", "real"), ((1, 2), "tab:red", "made")):
            density = sum(np.exp(-(((x[:, 0] - c) / STD) ** 2) / 2) for c in centres)
            panel.fill_between(
                x[:, 0],
                values.min(),
                values.min() + 0.25 * np.ptp(values) * density,
                color=colour,
                alpha=0.5,
                label=label,
            )
        panel.set(title=name)
        panel.legend(fontsize="x-small")
    save_figure(asked.out, figure)


if __name__ == "__main__":
    main()

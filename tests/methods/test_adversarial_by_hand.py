"""One round of the two-player game, written out once more from the networks and the equations alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses
from gan_jax.types import named_key

LR_G, LR_D = 0.1, 0.2  # as the games of conftest


def close(a, b, **tolerance):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, **({"atol": 1e-6} | tolerance))


def hinge(real, fake):
    return jnp.mean(jnp.maximum(0, 1 - real)) + jnp.mean(jnp.maximum(0, 1 + fake)), -jnp.mean(fake)


def relativistic(real, fake):
    return jnp.mean(jnp.log1p(jnp.exp(fake - real))), jnp.mean(jnp.log1p(jnp.exp(real - fake)))


@pytest.mark.parametrize(
    "loss, d_steps, multiple, classes",
    [(hinge, 1, 1, 0), (hinge, 2, 2, 0), (hinge, 2, 1, 3), (relativistic, 2, 1, 0)],
    ids=["plain", "two to one, twice the fakes", "labels", "G sees D's last real images"],
)
def test_rounds_are_these_equations(make_game, rounds_of, play, compiled, loss, d_steps, multiple, classes):
    """d_steps descents of D, each on a part of the batch of its own, then one descent of G against the new D.

    Noise by the contract: fold the round in, then the substep (G's is the last), then the purpose's name.
    """
    made = getattr(losses, loss.__name__)()
    game = make_game(loss=made, d_steps=d_steps, generator_batch_multiple=multiple, num_classes=classes)
    batches = rounds_of(game, 2, labels=bool(classes))
    states, metrics = play(game, 2, labels=bool(classes))
    g, d = (states[0].networks[name].params for name in ("generator", "discriminator"))

    def wants(d, g, x, y, z, wanted):
        """(D's loss, G's loss) for real images x with labels y, and fakes of latents z with labels `wanted`."""
        judge = lambda x, y: game.discriminator.apply({"params": d}, x, y).logits
        return loss(judge(x, y), judge(game.generator.apply({"params": g}, z, wanted), wanted))

    @compiled
    def descend_d(d, g, *inputs):
        value, slope = jax.value_and_grad(lambda d: wants(d, g, *inputs)[0])(d)
        return jax.tree.map(lambda p, s: p - LR_D * s, d, slope), value

    @compiled
    def descend_g(d, g, *inputs):
        value, slope = jax.value_and_grad(lambda g: wants(d, g, *inputs)[1])(g)
        return jax.tree.map(lambda p, s: p - LR_G * s, g, slope), value

    for t, batch in enumerate(batches):
        key = lambda substep, name, t=t: named_key(
            jax.random.fold_in(jax.random.fold_in(jax.random.key(0), t), substep), name
        )

        def draw(substep, n, key=key):
            label = jax.random.randint(key(substep, "label"), (n,), 0, classes) if classes else None
            return jax.random.normal(key(substep, "latents"), (n, 3)), label

        of_d = []
        for k in range(d_steps):
            real = batch["image"][k], batch["label"][k] if classes else None
            d, value = descend_d(d, g, *real, *draw(k, 8))
            of_d.append(value)
        g, of_g = descend_g(d, g, *real, *draw(d_steps, 8 * multiple))
        networks = states[t + 1].networks
        close(networks["discriminator"].params, d)
        close(networks["generator"].params, g)
        close(metrics[t]["d/adversarial"], np.mean(of_d))
        close(metrics[t]["g/adversarial"], of_g)
        assert int(states[t + 1].step) == t + 1
        assert jnp.array_equal(jax.random.key_data(states[t + 1].key), jax.random.key_data(states[0].key))

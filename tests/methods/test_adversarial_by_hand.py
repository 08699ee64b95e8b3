"""One round of the two-player game, written out once more from the networks and the equations alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.types import named_key

LR_G, LR_D = 0.1, 0.2  # as the games of conftest


def close(a, b, **tolerance):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, **({"atol": 1e-6} | tolerance))


@pytest.mark.parametrize(
    "d_steps, multiple, classes",
    [(1, 1, 0), (2, 2, 0), (2, 1, 3)],
    ids=["plain", "two to one, twice the fakes", "labels"],
)
def test_rounds_are_these_equations(make_game, rounds_of, play, compiled, d_steps, multiple, classes):
    """d_steps descents of D, each on a part of the batch of its own, then one descent of G against the new D.

    Noise by the contract: fold the round in, then the substep (G's is the last), then the purpose's name.
    """
    game = make_game(d_steps=d_steps, generator_batch_multiple=multiple, num_classes=classes)
    batches = rounds_of(game, 2, labels=bool(classes))
    states, metrics = play(game, 2, labels=bool(classes))
    g, d = (states[0].networks[name].params for name in ("generator", "discriminator"))
    judge = lambda d, x, y: game.discriminator.apply({"params": d}, x, y).logits
    make = lambda g, z, y: game.generator.apply({"params": g}, z, y)

    @compiled
    def descend_d(d, g, x, y, z, wanted):
        def loss(d):
            real, fake = judge(d, x, y), judge(d, make(g, z, wanted), wanted)
            return jnp.mean(jnp.maximum(0, 1 - real)) + jnp.mean(jnp.maximum(0, 1 + fake))

        value, slope = jax.value_and_grad(loss)(d)
        return jax.tree.map(lambda p, s: p - LR_D * s, d, slope), value

    @compiled
    def descend_g(g, d, z, wanted):
        value, slope = jax.value_and_grad(lambda g: -jnp.mean(judge(d, make(g, z, wanted), wanted)))(g)
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
            real_label = batch["label"][k] if classes else None
            d, value = descend_d(d, g, batch["image"][k], real_label, *draw(k, 8))
            of_d.append(value)
        g, of_g = descend_g(g, d, *draw(d_steps, 8 * multiple))
        networks = states[t + 1].networks
        close(networks["discriminator"].params, d)
        close(networks["generator"].params, g)
        close(metrics[t]["d/adversarial"], np.mean(of_d))
        close(metrics[t]["g/adversarial"], of_g)
        assert int(states[t + 1].step) == t + 1
        assert jnp.array_equal(jax.random.key_data(states[t + 1].key), jax.random.key_data(states[0].key))

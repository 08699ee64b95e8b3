"""AC-GAN's networks, layer by layer, and the two ways to tell the generator a class."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import acgan, infogan


def count(net, *args):
    variables = jax.eval_shape(lambda: net.init(jax.random.key(0), *args))
    return sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


@pytest.mark.parametrize(
    "side, widths, first", [(128, (768, 384, 256, 192), 8), (32, (384, 192, 96), 4)], ids=["ImageNet", "CIFAR-10"]
)
def test_layers_are_the_papers(side, widths, first):
    """G: z and ten classes to the first map, then normed 5 x 5 layers. D: 3 x 3 layers, all but the first normed."""
    shape, label = (side, side, 3), jnp.zeros(1, jnp.int32)
    generator = 110 * first**2 * widths[0] + 2 * sum(widths)
    generator += sum(25 * a * b for a, b in zip(widths, (*widths[1:], 3), strict=True)) + 3
    assert count(acgan.Generator(shape, widths, num_classes=10), jnp.zeros((1, 100)), label) == generator
    of_d = (3, 16, 32, 64, 128, 256, 512)
    judge = sum(9 * a * b for a, b in zip(of_d, of_d[1:], strict=False)) + 16 + 2 * sum(of_d[2:])
    judge += (side // 8) ** 2 * 512 + 1
    assert count(acgan.Discriminator(shape), jnp.zeros((1, *shape))) == judge


def test_a_class_stands_beside_z_or_multiplies_it():
    z, label = jax.random.normal(jax.random.key(1), (4, 5)), jnp.array([0, 1, 2, 1])
    joined, times = (acgan.Generator((8, 8, 1), (4,), label=how, num_classes=3) for how in ("joined", "times"))
    plain = acgan.Generator((8, 8, 1), (4,))
    variables = joined.init(jax.random.key(0), z, label)
    beside = jnp.concatenate([z, jnp.eye(3)[label]], -1)
    np.testing.assert_allclose(joined.apply(variables, z, label), plain.apply(variables, beside), atol=1e-6)
    variables = times.init(jax.random.key(0), z, label)
    vectors = variables["params"].pop("of_class")["embedding"]
    made = times.apply({**variables, "params": {**variables["params"], "of_class": {"embedding": vectors}}}, z, label)
    np.testing.assert_allclose(made, plain.apply(variables, z * vectors[label]), atol=1e-6)
    with pytest.raises(ValueError, match="label"):
        acgan.Generator((8, 8, 1), (4,), label="beside")


def test_dropout_is_of_training_alone_and_by_its_key():
    judge = acgan.Discriminator((8, 8, 1), (4, 4), norm="none")
    x = jax.random.normal(jax.random.key(1), (4, 8, 8, 1))
    variables = judge.init(jax.random.key(0), x)
    run = lambda seed, train: judge.apply(variables, x, train=train, rngs={"noise": jax.random.key(seed)}).features
    dropped = run(2, True)["pooled"]
    assert 0.2 < np.mean(np.asarray(dropped) == 0) < 0.8
    np.testing.assert_array_equal(dropped, run(2, True)["pooled"])
    assert not np.array_equal(dropped, run(3, True)["pooled"])
    assert np.mean(np.asarray(run(2, False)["pooled"]) == 0) == 0


def test_infogans_layers_are_the_papers_for_mnist():
    """G: 74, 1024, 7 x 7 x 128, 64, 1. D: 1, 64, 128, 1024, 1. Norms on all but the first of D and the last of G."""
    shape = (28, 28, 1)
    generator = 74 * 1024 + 1024 * 49 * 128 + 16 * 128 * 64 + 16 * 64 + 1 + 2 * (1024 + 128 + 64)
    assert count(infogan.Generator(shape), jnp.zeros((1, 74))) == generator
    judge = 16 * 64 + 64 + 16 * 64 * 128 + 49 * 128 * 1024 + 1024 + 1 + 2 * (128 + 1024)
    assert count(infogan.Discriminator(shape), jnp.zeros((1, *shape))) == judge

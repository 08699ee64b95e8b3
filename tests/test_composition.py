"""Every loss plays with every regulariser at once, on every family of networks, by config alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import build

SHAPE = (8, 8, 2)
FAMILIES = {
    "sngan": ({"widths": (8, 8), "norm": "self_modulated"}, {"widths": (8, 8), "halvings": 1}),
    "sndcgan": ({"widths": (8, 8), "norm": "batch"}, {"widths": (8, 8, 8)}),
    "dcgan": ({"widths": (8, 8), "norm": "batch"}, {"widths": (8, 8), "norm": "none"}),
    "mlp": ({"widths": (8,)}, {"widths": (8,)}),
}
LOSSES = ("hinge", "non_saturating", "wasserstein", "least_squares", "relativistic")
REGULARIZERS = {
    "rotation": {"type": "rotation.rotation", "choice": "one_angle", "fraction": 1.0},
    "gradient_penalty": {"type": "gradient_penalty.gradient_penalty"},
    "r1": {"type": "timing.every", "n": 2, "regularizer": {"type": "gradient_penalty.r1"}},
    "r2": {"type": "timing.after", "n": 1, "regularizer": {"type": "gradient_penalty.r2"}},
}
BATCH = {"image": jax.ShapeDtypeStruct((2, 8, *SHAPE), jnp.float32)}


def _method(family, loss, regularizers):
    config = build.load_config("configs/base.py").to_dict()
    generator, discriminator = FAMILIES[family]
    config["data"]["shape"] = SHAPE
    config["batch_size"] = 8
    config["generator"] = {"type": f"{family}.Generator", **generator}
    config["discriminator"] = {"type": f"{family}.Discriminator", **discriminator}
    config["loss"] = {"type": loss}
    config["method"] |= {"d_steps": 2, "latent_dim": 4}
    config["regularizers"] = regularizers
    config["ema"]["decay"] = 0.9
    return build.method(config)


PAIRS = [(family, "hinge") for family in FAMILIES] + [("mlp", loss) for loss in LOSSES if loss != "hinge"]


@pytest.mark.parametrize(("family", "loss"), PAIRS)
def test_all_regularisers_at_once(family, loss):
    method = _method(family, loss, REGULARIZERS)
    state = jax.eval_shape(method.init, jax.random.key(0), BATCH)
    after, metrics = jax.eval_shape(lambda s, b: method.step(s, b, method.phases[0]), state, BATCH)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert {"d/rotation", "g/rotation", "d/gradient_penalty", "d/r1", "d/r2"} <= metrics.keys()


def test_all_at_once_play_two_rounds():
    method = _method("mlp", "relativistic", REGULARIZERS)
    rng = np.random.default_rng(0)
    batch = {"image": jnp.asarray(rng.uniform(-1, 1, (2, 8, *SHAPE)), jnp.float32)}
    step = jax.jit(lambda s, b: method.step(s, b, method.phases[0]))
    state, _ = step(method.init(jax.random.key(0), batch), batch)
    state, metrics = step(state, batch)
    assert int(state.step) == 2
    assert all(np.isfinite(float(value)) for value in metrics.values())
    assert float(metrics["d/r2"]) > 0  # after its first round of rest

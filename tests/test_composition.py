"""Every loss plays with every regulariser at once, on every family of networks, by config alone."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

SHAPE = (8, 8, 2)
FAMILIES = {
    "sngan": ({"widths": (8, 8), "norm": "self_modulated"}, {"widths": (8, 8), "halvings": 1}),
    "sndcgan": ({"widths": (8, 8), "norm": "batch"}, {"widths": (8, 8, 8)}),
    "dcgan": ({"widths": (8, 8), "norm": "batch"}, {"widths": (8, 8), "norm": "none"}),
    "biggan": ({"widths": (8, 8), "attention": 8}, {"widths": (8, 8), "halvings": 1, "attention": 4}),
    "mlp": ({"widths": (8,)}, {"widths": (8,)}),
    "wgangp": ({"widths": (8, 8, 8)}, {"widths": (8, 8)}),
    "r3gan": ({"widths": (8, 8), "group_width": 4}, {"widths": (8, 8), "group_width": 4}),
}
LOSSES = ("hinge", "non_saturating", "saturating", "wasserstein", "least_squares", "relativistic", "nothing")
REGULARIZERS = {
    "rotation": {"type": "rotation.rotation", "choice": "one_angle", "fraction": 1.0},
    "gradient_penalty": {"type": "gradient_penalty.gradient_penalty"},
    "r1": {"type": "timing.every", "n": 2, "regularizer": {"type": "gradient_penalty.r1"}},
    "r2": {"type": "timing.after", "n": 1, "regularizer": {"type": "gradient_penalty.r2"}},
    "latent_transform": {
        "type": "timing.after",
        "n": 1,
        "regularizer": {
            "type": "latent_transform.latent_transform",
            "weight_g": 0.5,
            "sigma_eps": 0.3,
            "tap": "pooled",
            "hidden": 8,
        },
    },
    "consistency": {"type": "consistency.consistency", "weight_fake": 10.0},
    "latent_consistency": {"type": "consistency.latent_consistency"},
    "lecam": {"type": "lecam.lecam", "start": 1},
    "finite_difference": {"type": "finite_difference.finite_difference", "one_in": 2},
    "centring": {"type": "centring.centring"},
    "normalizer": {"type": "normalizer.gradient_normalizer"},
}
BATCH = {"image": jax.ShapeDtypeStruct((2, 8, *SHAPE), jnp.float32)}


def _method(family, loss, regularizers, augmented=False, packed=False, method=None):
    config = load_config("configs/base.py").to_dict()
    config["method"] = method or config["method"]
    generator, discriminator = FAMILIES[family]
    config["data"]["shape"] = SHAPE
    config["batch_size"] = 8
    of_generator = {"wgangp": "sngan"}.get(family, family)  # its critic alone is its own
    config["generator"] = {"type": f"{of_generator}.Generator", **generator}
    config["discriminator"] = {"type": f"{family}.Discriminator", **discriminator}
    if packed:
        config["discriminator"] = {"type": "packed.Packed", "m": 2, "discriminator": config["discriminator"]}
    if augmented:
        settings = {"policy": ("color", "translation", "cutout"), "target": 0.6}
        config["discriminator"] = {
            "type": "augmented.Augmented",
            "discriminator": config["discriminator"],
            **settings,
        }
    config["loss"] = loss if isinstance(loss, dict) else {"type": loss}
    config |= {"d_steps": 2, "latents": {"type": "normal", "dim": 4}}
    config["regularizers"] = regularizers
    config["ema"]["decay"] = 0.9
    return Setup.of(config).method


def _shapes(method):
    """The state after a round, and the metrics, by shapes alone; the state's structure is kept."""
    state = jax.eval_shape(method.init, jax.random.key(0))
    after, metrics = jax.eval_shape(lambda s, b: method.step(s, b, method.stretches[0].phase), state, BATCH)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    return after, metrics


PAIRS = [(family, "hinge") for family in FAMILIES] + [("mlp", loss) for loss in LOSSES if loss != "hinge"]


@pytest.mark.parametrize(("family", "loss"), PAIRS)
def test_all_regularisers_at_once(family, loss):
    _, metrics = _shapes(_method(family, loss, REGULARIZERS, augmented=True))
    assert {"d/rotation", "g/rotation", "d/gradient_penalty", "d/r1", "d/r2"} <= metrics.keys()
    assert {
        "g/latent_transform_accuracy",
        "d/latent_transform",
        "d/consistency_real",
        "d/consistency_fake",
    } <= metrics.keys()
    assert {"d/latent_consistency", "g/latent_consistency", "d/lecam", "d/augment_probability"} <= metrics.keys()
    assert {"d/r1_estimate", "d/r2_estimate", "d/centring", "g/image_gradient_norm"} <= metrics.keys()


IDEAS = (
    "rotation", "latent_transform", "consistency", "lecam", "gradient_penalty", "finite_difference", "augmented", "packed"
)  # fmt: skip
SUBSETS = [subset for n in (1, 2) for subset in itertools.combinations(IDEAS, n)] + [IDEAS[:-1]]


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_any_subset_plays(subset):
    """One, any two, and all that go together. Tasks about single images refuse packs, clearly."""
    regularizers = {name: REGULARIZERS[name] for name in subset if name in REGULARIZERS}
    method = _method("mlp", "hinge", regularizers, "augmented" in subset, "packed" in subset)
    if "packed" in subset and not {"rotation", "latent_transform"}.isdisjoint(subset):
        with pytest.raises(ValueError, match="asks about single images, and this discriminator judges packs"):
            _shapes(method)
        return
    after, metrics = _shapes(method)
    assert set(after.memory) == {"loss", *regularizers}
    assert set(after.networks) - {"generator", "discriminator"} == {"rotation", "latent_transform"} & set(subset)
    assert ("d/augment_probability" in metrics) == ("augmented" in subset)


def _named(config, **blocks):
    """The method of an experiment that ships, at 8 x 8, with other blocks."""
    config = load_config(f"configs/{config}.py").to_dict()
    config["data"]["shape"], config["batch_size"] = (8, 8, 1), 8
    return Setup.of(config | blocks).method


SINGLE = {
    name: REGULARIZERS[name] for name in REGULARIZERS if name != "latent_transform"
}  # which moves z, and codes with it


@pytest.mark.parametrize("config", ["began_faces", "acgan_digits", "infogan_digits"])
def test_the_classics_take_the_regularisers_that_ask_about_images(config):
    """Which those are: all but latent_transform, whose steps would move InfoGAN's codes."""
    own = load_config(f"configs/{config}.py").to_dict()["regularizers"]
    method = _named(config, regularizers=own | SINGLE)
    phase = method.stretches[0].phase
    state = jax.eval_shape(method.init, jax.random.key(0))
    after, metrics = jax.eval_shape(lambda s, b: method.step(s, b, phase), state, method.batch(phase))
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert set(after.memory) == {"loss", *own, *SINGLE} and {"d/rotation", "d/r1", "d/lecam"} <= metrics.keys()


OF_THE_DISCRIMINATOR = ("gradient_penalty", "r1", "consistency", "lecam", "finite_difference", "centring")
POPULATION = {"type": "evolutionary.Evolutionary", "survivors": 2, "evaluated": 8}


@pytest.mark.parametrize("family", ["mlp", "sngan"])
def test_a_population_takes_the_discriminators_regularisers(family):
    regularizers = {name: REGULARIZERS[name] for name in OF_THE_DISCRIMINATOR}
    regularizers["late"] = {"type": "timing.after", "n": 1, "regularizer": {"type": "gradient_penalty.r2"}}
    method = _method(family, "hinge", regularizers, augmented=True, packed=True, method=POPULATION)
    after, metrics = _shapes(method)
    assert set(after.memory) == {"loss", *regularizers}
    assert {"d/gradient_penalty", "d/r1", "d/r2", "d/consistency_real", "d/lecam", "g/won_minimax"} <= metrics.keys()
    assert {leaf.shape[0] for leaf in jax.tree.leaves(after.networks["generator"])} == {2}


@pytest.mark.parametrize("name", sorted(REGULARIZERS.keys() - {*OF_THE_DISCRIMINATOR, "r2"}))
def test_a_population_refuses_those_of_the_generator(name):
    with pytest.raises(ValueError, match=f"'{name}' is one of a generator too"):
        _method("mlp", "hinge", {name: REGULARIZERS[name]}, method=POPULATION)


def test_packs_augmentation_and_the_best_fakes_play_two_rounds():
    regularizers = {name: REGULARIZERS[name] for name in ("consistency", "latent_consistency", "lecam", "r1")}
    loss = {"type": "top_k", "loss": {"type": "hinge"}, "fraction": 0.5}
    method = _method("mlp", loss, regularizers, augmented=True, packed=True)
    state, metrics = _two_rounds(method)
    assert float(metrics["g/top_k"]) == 0.5 and int(state.memory["loss"]["updates"]) == 2
    assert state.networks["discriminator"].params["discriminator"]["discriminator"]["hidden0"]["kernel"].shape[0] == 256


def test_all_at_once_play_two_rounds():
    method = _method("mlp", "relativistic", REGULARIZERS, augmented=True)
    state, metrics = _two_rounds(method)
    assert float(metrics["d/r2"]) > 0  # after its first round of rest
    assert 0 < float(metrics["g/latent_transform_accuracy"]) <= 1
    kept = state.networks["discriminator"].stats["adaptive"]["augment_probability"]
    assert 0 <= float(kept) <= 4 * 8 / 500_000


def _two_rounds(method):
    rng = np.random.default_rng(0)
    batch = {"image": jnp.asarray(rng.uniform(-1, 1, (2, 8, *SHAPE)), jnp.float32)}
    options = {"xla_backend_optimization_level": 0}  # it runs for less time than it compiles
    step = jax.jit(lambda s, b: method.step(s, b, method.stretches[0].phase), compiler_options=options)
    state, _ = step(jax.jit(method.init, compiler_options=options)(jax.random.key(0)), batch)
    state, metrics = step(state, batch)
    assert int(state.step) == 2
    assert all(np.isfinite(float(value)) for value in metrics.values())
    return state, metrics

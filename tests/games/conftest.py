"""Configs of the small games. Their networks and methods are named "small_games:..." and found beside this file."""

import copy
import importlib
import sys
from pathlib import Path

import pytest

from gan_jax.run.training import Training
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config

FOLDER = Path(__file__).parent
ADAM = {"type": "adam", "learning_rate": 0.01, "b1": 0.0}
PAIR = {"source": "fake", "length": 80, "size": (8, 8, 1), "leaves": ("a", "b"), "shape": (8, 8, 1)}
DOMAINS = {
    "source": "domains",
    "shape": (8, 8, 1),
    "domains": {
        "a": {"source": "fake", "length": 70, "size": (8, 8, 1)},
        "b": {"source": "fake", "length": 66, "size": (8, 8, 1)},
    },
}
TRANSLATION = {
    "method": {"type": "small_games:Translation"},
    "a_to_b": {"type": "small_games:Translator"},
    "b_to_a": {"type": "small_games:Translator"},
    "encoder": {"type": "small_games:Encoder"},
    "optim": {"a_to_b": ADAM, "b_to_a": ADAM},
    "evaluate": {"recipes": ("swd",), "every": 4, "during": ("swd",)},
}
GROWING = {
    "generator": {"type": "small_games:GrowingGenerator"},
    "discriminator": {"type": "small_games:GrowingDiscriminator"},
    "data": {"source": "digits", "shape": (16, 16, 1), "filter": "bicubic"},
    "ema": {"half_life_kimg": 0.05},
    "evaluate": {"recipes": ("swd",), "test": {"split": "test"}, "every": 4, "during": ("swd",)},
    "stretches": (
        {"rounds": 3, "shape": (8, 8, 1), "batch_size": 16},
        {"rounds": 4, "fade": True, "reset": ("generator", "discriminator")},
        {},
    ),
}
MLP = {
    "generator": {"type": "mlp.Generator", "widths": (8,)},
    "discriminator": {"type": "mlp.Discriminator", "widths": (8,)},
}
GAMES = {
    "growing": GROWING,
    "two critics": {
        **MLP,
        "data": {"source": "digits", "shape": (8, 8, 1)},
        "stretches": ({"rounds": 3, "d_steps": 3}, {"g_steps": 2}),
        "evaluate": {"recipes": ("swd",), "test": {"split": "test"}},
    },
    "wgan": {
        **MLP,
        "data": {"source": "digits", "shape": (8, 8, 1)},
        "loss": {"type": "wasserstein"},
        "method": {"type": "adversarial.Adversarial", "clip_weights": 0.1},
        "regularizers": {"centring": {"type": "centring.centring"}, "norm": {"type": "normalizer.gradient_normalizer"}},
        "optim": {player: {"type": "rmsprop", "learning_rate": 0.01} for player in ("generator", "discriminator")},
        "stretches": ({"rounds": 2, "d_steps": 3}, {"repeat": ({"rounds": 3}, {"rounds": 1, "d_steps": 3})}),
        "evaluate": {"recipes": ("swd",), "test": {"split": "test"}},
    },
    "pairs": {**TRANSLATION, "data": PAIR},
    "domains": {**TRANSLATION, "method": {"type": "small_games:Translation", "paired": False}, "data": DOMAINS},
    "voxels": {
        "generator": {"type": "gan3d.Generator", "widths": (4,)},
        "discriminator": {"type": "gan3d.Discriminator", "widths": (4,)},
        "loss": {"type": "resting", "loss": {"type": "non_saturating"}, "above": 0.5},
        "method": {"type": "adversarial.Adversarial", "judged": "voxels"},
        "data": {"source": "fake", "length": 20, "leaves": ("voxels",), "voxels": (4, 4, 4, 1), "shape": (4, 4, 4, 1)},
        "evaluate": {"recipes": ()},
    },
    "population": {
        **MLP,
        "method": {"type": "evolutionary.Evolutionary", "survivors": 2, "evaluated": 8},
        "loss": {"type": "non_saturating"},
        "data": {"source": "digits", "shape": (8, 8, 1)},
        "ema": {"decay": 0.5},
        "d_steps": 2,
        "regularizers": {"r1": {"type": "gradient_penalty.r1"}},
        "evaluate": {"recipes": ("swd",), "test": {"split": "test"}},
    },
    "pictures to voxels": {
        "encoder": {"type": "view_encoder.Encoder", "widths": (3,), "kernels": (3,), "strides": (2,), "dim": 4},
        "generator": {"type": "gan3d.Generator", "widths": (4,)},
        "discriminator": {"type": "gan3d.Discriminator", "widths": (4,), "norm": "none"},
        "method": {"type": "voxel_vae.VoxelVae", "weight_reconstruction": 0.1},
        "data": {
            **{"source": "fake", "length": 20, "leaves": ("voxels", "image"), "voxels": (4, 4, 4, 1)},
            **{"size": (8, 8, 1), "shape": (4, 4, 4, 1), "shapes": {"image": (8, 8, 1)}},
        },
        "optim": {"encoder": ADAM, "generator": ADAM, "discriminator": ADAM},
        "evaluate": {"recipes": (), "test": {"seed": 1}},
    },
    "points": {**MLP, "data": {"source": "toys", "name": "ring", "shape": (2,)}, "evaluate": {"recipes": ()}},
}
UNET = {"type": "unet.Generator", "width": 2, "dropout_layers": (0,)}
PATCHES = {"type": "patchgan.Discriminator", "width": 2, "layers": 1}
# Without the biases that a norm takes away again: Adam moves them by rounding alone, which differs with the devices.
UNPAIRED_NET = {"type": "resnet_translator.Generator", "width": 2, "blocks": 1, "use_bias": False}
PLAIN = {**PATCHES, "norm": "none"}
SCORED = {"recipes": ("swd",), "every": 4, "during": ("swd",)}
GAMES |= {
    "pix2pix": {
        "method": {"type": "pix2pix.Pix2Pix"},
        "loss": {"type": "non_saturating"},
        "generator": UNET,
        "discriminator": PATCHES,
        "ema": {"decay": 0.5},
        "optim": {"generator": ADAM, "discriminator": ADAM},
        "data": PAIR,
        "evaluate": {**SCORED, "test": {"seed": 1, "length": 70}},
    },
    "cyclegan": {
        "method": {"type": "cyclegan.CycleGAN", "pool": 11},
        "loss": {"type": "least_squares", "factor": 1.0},
        "a_to_b": UNPAIRED_NET,
        "b_to_a": UNPAIRED_NET,
        "discriminator_a": PLAIN,
        "discriminator_b": PLAIN,
        "optim": dict.fromkeys(("a_to_b", "b_to_a", "discriminator_a", "discriminator_b"), ADAM),
        "data": DOMAINS,
        "evaluate": {**SCORED, "test": {**PAIR, "seed": 1, "length": 70}},
    },
}
BOTH_WAYS = ("pairs", "domains", "cyclegan")
TRANSLATING = (*BOTH_WAYS, "pix2pix")
SHAPES_OF_IMAGES = ("growing", "two critics", "population", *TRANSLATING)


def config_of(name: str, **changes) -> dict:
    """The whole config of a game, as plain dicts."""
    base = resolve(load_config(str(FOLDER.parents[1] / "configs" / "base.py")))
    settings = copy.deepcopy(GAMES[name])
    own = {"optim": {"generator": ADAM, "discriminator": ADAM}, "latents": {"type": "normal", "dim": 4}}
    if name in TRANSLATING:
        for block in ("generator", "discriminator", "loss", "latents", "regularizers", "ema"):
            base.pop(block, None)
        own = {}
    base |= own | {"steps": 9, "batch_size": 8, "regularizers": {}} | settings
    if name in TRANSLATING:
        del base["regularizers"]
    if base["method"]["type"] == "voxel_vae.VoxelVae":
        del base["ema"]  # keeps none
    base["log"] |= {"every": 1, "samples_every": 3, "num_samples": 4}
    base["checkpoint"] |= {"every": 2, "keep": 9}
    return base | changes


@pytest.fixture(scope="session", autouse=True)
def small_games():
    """The module of the games, importable by its name."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("small_games")
    sys.path.remove(str(FOLDER))


@pytest.fixture
def game_config():
    return config_of


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory):
    """A function: the name of a game -> (the folder of its unbroken run, its digest). Each is played once."""
    played = {}

    def play(game):
        if game not in played:
            folder = tmp_path_factory.mktemp("unbroken") / game.replace(" ", "_")
            with Training(config_of(game), folder) as run:
                assert run.play() is None
                played[game] = folder, run.digest()
        return played[game]

    return play


def pytest_generate_tests(metafunc):
    if "game" in metafunc.fixturenames:
        metafunc.parametrize("game", GAMES)
    if "image_game" in metafunc.fixturenames:
        metafunc.parametrize("image_game", SHAPES_OF_IMAGES)

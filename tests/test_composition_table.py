"""docs/methods/README.md says which regulariser goes with which game: each cell of its table is tried."""

from pathlib import Path

import jax
import pytest

from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

PAGE = Path(__file__).parents[1] / "docs" / "methods" / "README.md"
IMAGE, VOXELS = (8, 8, 2), (8, 8, 8, 1)
REGULARIZERS = {
    "rotation": {"type": "rotation.rotation", "choice": "one_angle", "fraction": 1.0},
    "auxiliary_classifier": {"type": "auxiliary_classifier.auxiliary_classifier"},
    "mutual_information": {"type": "mutual_information.mutual_information", "hidden": 8},
    "latent_transform": {
        "type": "latent_transform.latent_transform", "weight_g": 0.5, "sigma_eps": 0.3, "tap": "pooled", "hidden": 8
    },
    "consistency": {"type": "consistency.consistency"},
    "latent_consistency": {"type": "consistency.latent_consistency"},
    "gradient_penalty": {"type": "gradient_penalty.gradient_penalty"},
    "r1": {"type": "gradient_penalty.r1"},
    "r2": {"type": "gradient_penalty.r2"},
    "finite_difference": {"type": "finite_difference.finite_difference", "one_in": 2},
    "lecam": {"type": "lecam.lecam"},
    "centring": {"type": "centring.centring"},
    "drift": {"type": "drift.drift"},
    "gradient_normalizer": {"type": "normalizer.gradient_normalizer"},
    "path_length": {"type": "path_length.path_length"},
}  # fmt: skip
MLP = {
    "generator": {"type": "mlp.Generator", "widths": (8,)},
    "discriminator": {"type": "mlp.Discriminator", "widths": (8,)},
}
SOLID = {
    "generator": {"type": "gan3d.Generator", "widths": (8,)},
    "discriminator": {"type": "gan3d.Discriminator", "widths": (8,), "norm": "none"},
}
CODES = {"type": "coded", "noise": {"type": "uniform", "dim": 4}, "categorical": (3,), "continuous": 1}
# By column: what a small game of the kind has, beside the base config.
GAMES = {
    "two-player": MLP,
    "StyleGAN": {
        name: {"type": f"stylegan.{name.title()}", "channel_base": 64, "channel_max": 8}
        | ({"w_dim": 8, "mapping_layers": 1} if name == "generator" else {})
        for name in ("generator", "discriminator")
    },
    "BEGAN": {
        "generator": {"type": "began.Generator", "width": 4},
        "discriminator": {"type": "began.Autoencoder", "width": 4, "hidden": 4},
        "loss": {"type": "boundary_equilibrium"},
    },
    "AC-GAN": MLP | {"classes": 3, "discriminator": MLP["discriminator"] | {"num_classes": 0}},
    "InfoGAN": MLP | {"latents": CODES},
    "PacGAN": MLP | {"discriminator": {"type": "packed.Packed", "m": 2, "discriminator": MLP["discriminator"]}},
    "E-GAN": MLP | {"method": {"type": "evolutionary.Evolutionary", "evaluated": 8}},
    "3D-GAN": SOLID | {"judged": "voxels"},
    "3D-VAE-GAN": SOLID
    | {
        "method": {"type": "voxel_vae.VoxelVae"},
        "encoder": {"type": "view_encoder.Encoder", "dim": 4, "widths": (4,), "kernels": (3,), "strides": (2,)},
    },
}


def _table():
    """{(regulariser, game): mark}."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("| regulariser |"))
    cells = lambda line: [cell.strip(" `") for cell in line.strip().strip("|").split("|")]
    games = cells(lines[begin])[1:]
    rows = [cells(line) for line in lines[begin + 2 :]]
    rows = rows[: next((i for i, row in enumerate(rows) if len(row) < 2), len(rows))]
    return {(row[0], game): mark for row in rows for game, mark in zip(games, row[1:], strict=True)}


def _plays(game, names):
    """A round of the game by shapes alone, with these regularisers. Raises ValueError where they are refused."""
    settings = dict(GAMES[game])
    config = load_config("configs/base.py").to_dict()
    config["data"]["shape"] = VOXELS if "3D" in game else IMAGE
    config |= {"batch_size": 8, "latents": {"type": "normal", "dim": 4}}
    config["method"] |= {"num_classes": settings.pop("classes", 0)}
    if "encoder" in settings:
        del config["ema"]
    if judged := settings.pop("judged", None):
        config["method"]["judged"] = judged
    if "encoder" in settings:
        config["data"]["shapes"] = {"image": (8, 8, 1)}
        config["optim"]["encoder"] = config["optim"]["generator"]
    config |= settings
    config["regularizers"] = {name: REGULARIZERS[name] for name in names}
    method = Setup.of(config).method
    phase = method.stretches[0].phase
    state = jax.eval_shape(method.init, jax.random.key(0))
    after, metrics = jax.eval_shape(lambda s, b: method.step(s, b, phase), state, method.batch(phase))
    assert jax.tree.structure(after) == jax.tree.structure(state)
    return metrics


TABLE = _table()


def test_the_table_is_of_all_games_and_regularisers():
    assert set(TABLE) == {(name, game) for name in REGULARIZERS for game in GAMES}
    files = {path.stem for path in (PAGE.parents[2] / "gan_jax" / "regularizers").glob("[a-z]*.py")} - {
        "base",
        "timing",
    }
    assert files == {each["type"].partition(".")[0] for each in REGULARIZERS.values()}


@pytest.mark.parametrize("game", GAMES)
def test_what_goes_with_a_game_plays_at_once(game):
    names = [name for name, other in TABLE if other == game and TABLE[name, other] == "+"]
    assert names
    _plays(game, names)


@pytest.mark.parametrize(("name", "game"), [cell for cell, mark in TABLE.items() if mark == "x"])
def test_what_does_not_is_refused(name, game):
    with pytest.raises(ValueError):
        _plays(game, [name])

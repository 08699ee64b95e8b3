"""R3GAN's configs are the authors' presets, at the beginning, in the middle and at the end of their schedules."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.losses import relativistic
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.types import Clock, weight_at

ROOT = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize(
    "name, batch, gamma, half_life, chance, low",
    [("cifar10", 512, (0.05, 0.005), 5000.0, 0.55, 3), ("ffhq256", 256, (150.0, 15.0), 500.0, 0.3, 4)],
)
def test_presets(name, batch, gamma, half_life, chance, low):
    """low: stages in bfloat16. Half-way up or down a cosine is the mean of its ends; 30M images are past it."""
    config = resolve(load_config(str(ROOT / f"r3gan_{name}.py")))
    game = Setup.of(config).method
    moving = {
        gamma: game.regularizers["r1"].gamma,
        (*gamma, "r2"): game.regularizers["r2"].gamma,
        (0.0, half_life): game.ema.half_life_kimg,
        (0.0, chance): game.discriminator.probability,
    }
    for (first, last, *_), weight in moving.items():
        at = [float(weight_at(weight, Clock(jnp.int32(0), jnp.float32(1000 * m)))) for m in (0, 10, 20, 30)]
        np.testing.assert_allclose(at, [first, (first + last) / 2, last, last], rtol=1e-5, atol=1e-8)
    for player in ("generator", "discriminator"):
        adam = config["optim"][player]
        assert (adam["b1"], adam["b2"]["init_value"], adam["b2"]["end_value"]) == (0.0, 0.9, 0.99)
        assert (adam["learning_rate"]["init_value"], adam["learning_rate"]["end_value"]) == (2e-4, 5e-5)
        assert all(adam[key]["transition_steps"] == 20_000 for key in ("b2", "learning_rate"))
    assert game.stretches[0].phase.batch_size == batch and game.loss == relativistic() and game.latents.dim == 64
    assert dict(game.discriminator.policy) == {"ada_blit": 1.0, "ada_geometric": 1.0, "ada_color": 0.5, "cutout": 1.0}
    for net in (game.generator, game.discriminator.discriminator):
        assert len(net.widths) - net.float32_stages == low and net.dtype == jnp.bfloat16
    assert config["data"]["flip"] and game.fake_labels == ("data" if game.num_classes else "uniform")

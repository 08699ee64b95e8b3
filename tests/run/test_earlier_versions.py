"""A work folder of version 0.1 is sampled, scored and trained on. It was made before schedules counted rounds.

Made by commit ad17145: ssgan_digits at 8 x 8 with widths of 4, 4 latents, d_steps 2, 4 rounds; its losses of rounds 5 to 8
and its samples are what that version went on to, and drew.
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gan_jax.evaluators.extraction import draw_samples
from gan_jax.run.drawing import draw
from gan_jax.run.state import restore
from gan_jax.run.training import Training
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.mesh import make_mesh
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.verbs.sample import load_sampler

FOLDER = Path(__file__).with_name("golden") / "v0_1.zip"
# d/adversarial, g/adversarial, d/rotation of rounds 5 to 8
LOSSES = [
    (1.2471599578857422, -0.01202613115310669, 1.6741232872009277),
    (1.1807873249053955, 0.19852085411548615, 1.6040985584259033),
    (1.2163803577423096, 0.13812868297100067, 1.5212339162826538),
    (1.0127195119857788, 0.3641369044780731, 1.5643260478973389),
]


@pytest.fixture
def folder(tmp_path):
    with zipfile.ZipFile(FOLDER) as file:
        file.extractall(tmp_path)
    return tmp_path


def test_its_samples_are_those_that_it_scored(folder):
    expected = np.load(io.BytesIO((folder / "samples_of_seed_3.npy").read_bytes()))
    step, sampler = load_sampler(folder)
    assert step == 4
    scored = draw_samples(sampler, 6, make_mesh(), seed=3, batch_size=4, keep_images=6, quiet=True).images
    assert np.max(np.abs(scored.astype(int) - expected)) <= 1  # rounded to 8 bits
    drawn = np.round(np.clip(draw(sampler, 6, seed=3)["image"], -1, 1) * 127.5 + 127.5)
    assert np.max(np.abs(drawn - expected)) <= 1


def test_it_goes_on_as_it_would_have(folder, quick_rounds):
    config = read_config(folder) | {"steps": 8}
    assert config["d_steps"] == 2 and config["latents"] == {"type": "normal", "dim": 4}
    with quick_rounds(), Training(config, folder) as run:
        assert run.step == 4
        run.play()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    names = ("d/adversarial", "g/adversarial", "d/rotation")
    found = [[line[name] for name in names] for line in lines if line["step"] > 4 and names[0] in line]
    np.testing.assert_allclose(found, LOSSES, rtol=2e-4, atol=2e-5)
    assert restore(folder, 8).setup.steps == 8


def test_todays_command_for_it_is_the_same_run(folder):
    """The same settings by today's names pass for the folder's own."""
    config = load_config("configs/ssgan_digits.py")
    config.steps, config.batch_size, config.d_steps, config.latents.dim = 6, 8, 2, 4
    config.data.shape, config.generator.widths, config.discriminator.widths = (8, 8, 1), (4, 4), (4, 4)
    config.discriminator.halvings, config.ema.decay = 1, 0.9
    config.optim.generator.learning_rate.decay_steps = 1000
    config.optim.discriminator.learning_rate.decay_steps = 500  # rounds now
    with Training(Setup.of(config).config, folder) as run:
        assert run.step == 4

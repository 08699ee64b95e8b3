"""The toy laboratory: what it plays is the game's own rounds, and what it writes can be read without a network."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.data.sources.toys import TOYS, Toys
from gan_jax.run.laboratory import cells
from gan_jax.run.laboratory.bench import SIDE, SIZES, Bench, Frame, on_toy
from gan_jax.run.laboratory.frames import PANEL, centred, density, drawn
from gan_jax.run.laboratory.report import DATA, Cell, markdown, page
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config, shipped_configs
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup
from gan_jax.types import named_key
from gan_jax.verbs.toys import GamesFailed, toys

GAMES = [each.name for each in shipped_configs() if each.name.startswith("toy_")]
SMALL = """
from gan_jax.configs import toy_wgan

def get_config():
    config = toy_wgan.get_config()
    config.steps = 7
    config.batch_size = 8
    config.generator.widths = config.discriminator.widths = (4,)
    config.stretches = ({"rounds": 2, "d_steps": 3}, {"repeat": ({"rounds": 3}, {"rounds": 1, "d_steps": 3})})
    config.d_steps = 2
    return config
"""


@pytest.fixture
def small(tmp_path):
    """A game of two phases, in a file of its own."""
    file = tmp_path / "toy_small.py"
    file.write_text('"""A small game. Nothing else."""\n' + SMALL)
    return file


@pytest.mark.parametrize("name", GAMES)
def test_every_game_fits_the_line_too(name):
    """That it fits the plane, tests/test_configs.py says."""
    method = Setup.of(on_toy(resolve(load_config(name)), "line", 0)).method
    phase = method.stretches[-1].phase
    assert phase.shape == (TOYS["line"].dimensions,) == (1,)
    state = jax.eval_shape(method.init, jax.random.key(0))
    after, _ = jax.eval_shape(lambda s, b: method.step(s, b, phase), state, method.batch(phase))
    assert jax.tree.structure(after) == jax.tree.structure(state)


def test_it_plays_the_rounds_of_the_game(small):
    """Stretch by stretch, on points drawn by the round alone: the same as one round after the other."""
    config = on_toy(resolve(load_config(small)), "line", 3)
    source = Toys("line", length=50, **SIZES["line"])
    bench, seen = Bench(config), []
    bench._look = lambda state, key: (seen.append(state), (np.zeros((4, 1), np.float32), None))[1]
    played = bench.play(source, 3, frames=4)
    assert [frame.round for frame in played.frames] == [0, 1, 4, 7]

    method = Setup.of(config).method
    state = method.init(jax.random.key(3))
    steps = {each.phase: jax.jit(lambda s, b, p=each.phase: method.step(s, b, p)) for each in method.stretches}
    points = jnp.asarray(source.images)
    for each in method.stretches:
        for t in range(each.start, each.stop):
            key = jax.random.fold_in(named_key(jax.random.key(3), "the data's order"), t)
            rows = jax.random.randint(key, (each.phase.d_steps, 8), 0, 50)
            state, metrics = steps[each.phase](state, {"image": points[rows]})
    assert int(seen[-1].step) == int(state.step) == 7
    for a, b in zip(jax.tree.leaves(seen[-1].networks), jax.tree.leaves(state.networks), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert played.frames[-1].metrics == pytest.approx(
        {name: float(v) for name, v in metrics.items()}, rel=1e-4, abs=1e-6
    )


def test_one_command_writes_a_table_a_page_and_pictures(small, tmp_path, monkeypatch):
    out = tmp_path / "out"
    found = toys(out, [str(small)], ["ring", "line"], seeds=2, frames=3)
    assert set(found) == {DATA, "toy_small"} and len(found["toy_small"]["ring"].scores) == 2
    table = (out / "toys.md").read_text().splitlines()
    assert table[0].startswith("| game | ring: modes of 8 | good | reverse KL | line: modes of 5")
    assert [line.split("|")[1].strip() for line in table[2:]] == [DATA, "toy_small"] and " ± " in table[3]
    assert re.search(r"\| the data \| 8.0 \| 98\.\d% \| 0\.00", table[2])
    text = (out / "toys.html").read_text()
    assert text.count("data:image/gif;base64,") == 2 and "A small game" in text
    assert not re.search(r"(src|href)=['\"](?!data:)", text) and "http" not in text
    for toy in ("ring", "line"):
        with Image.open(out / toy / "toy_small.gif") as picture:
            assert picture.n_frames >= 3 and picture.size == (3 * PANEL + 8, PANEL + 14)
        assert (out / toy / "toy_small.png").read_bytes()[:4] == b"\x89PNG"
    record = json.loads((out / "line" / "toy_small_1.json").read_text())
    assert record["round"] == [0, 2, 7] and "d/wasserstein_estimate" in record["metrics"][-1]

    monkeypatch.setattr(cells.Bench, "play", None, raising=True)
    again = toys(out, [str(small)], ["ring", "line"], seeds=2, frames=3)
    assert again["toy_small"]["ring"].scores == found["toy_small"]["ring"].scores
    with pytest.raises(TypeError):  # another length is another game
        toys(out, [str(small)], ["ring"], seeds=1, frames=3, changes=[("steps", "6")])


def test_what_cannot_be_played_is_told_and_the_others_are(small, tmp_path):
    pairs = tmp_path / "toy_pairs.py"
    pairs.write_text(small.read_text().replace("    return config", "    config.loss.type = 'relativistic'\n"
                     "    config.method.generator_batch_multiple = 2\n    return config"))  # fmt: skip
    with pytest.raises(GamesFailed, match="1 could not be played:\n  toy_pairs on line: .*generator_batch_multiple"):
        toys(tmp_path / "out", [str(pairs), str(small)], ["line"], frames=2)
    table = (tmp_path / "out" / "toys.md").read_text()
    assert "| toy_pairs | - | - | - | - |" in table and "| toy_small | " in table
    with pytest.raises(ValueError, match="toys: toy 'rings' is not known .did you mean 'ring'"):
        toys(tmp_path / "out", [str(small)], ["rings"])
    with pytest.raises(ConfigError, match="plays games of points: data.source is 'digits'"):
        toys(tmp_path / "out", ["sngan_digits"])


def test_a_game_that_leaves_the_finite_numbers_ends_there(small):
    bench = Bench(on_toy(resolve(load_config(small)), "line", 0))
    bench._look = lambda state, key: (np.full((4, 1), np.nan, np.float32), None)
    played = bench.play(Toys("line", length=50, **SIZES["line"]), 0, frames=3)
    assert len(played.frames) == 1 and np.isnan(played.scores["modes"])
    cell = Cell([dict(played.scores)], [1.0])
    assert "| x | diverged | diverged | diverged | 1.0 |" in markdown({"x": {"line": cell}}, {"line": 5})
    assert "diverged" in page({"x": {"line": cell}}, {}, {"line": 5})
    some = cell._replace(scores=[dict(played.scores), {"modes": 5.0, "near": 1.0, "reverse_kl": 0.0}])
    assert "diverged (1 of 2)" in markdown({"x": {"line": some}}, {"line": 5})


# --- frames


def test_density_is_where_the_points_are():
    points = np.array([[1.0, -2.0]] * 30 + [[np.nan, 0.0], [9.0, 9.0]], np.float32)
    found = density(points)
    row, column = np.unravel_index(found.argmax(), found.shape)
    at = lambda index: (index + 0.5) / SIDE * 5.2 - 2.6
    assert abs(at(column) - 1.0) < 0.1 and abs(at(row) + 2.0) < 0.1
    np.testing.assert_allclose(found.sum(), 30, rtol=1e-4)
    assert density(points[:, :1]).shape == (SIDE,)


def test_logits_are_shown_from_their_median():
    field = centred(np.array([[3.0, 4.0], [5.0, 4.0]]))
    np.testing.assert_allclose(field, [[-1, 0], [1, 0]], atol=0.1)
    assert np.isfinite(centred(np.zeros((2, 2)))).all()


@pytest.mark.parametrize("dimensions", [1, 2])
def test_frames_show_points_where_they_are(dimensions):
    """A single point at the right edge colours the first panel there; D's field is red on that side."""
    logits = np.tile(np.linspace(-1, 1, SIDE), (SIDE, 1)) if dimensions == 2 else np.linspace(-1, 1, SIDE**2)
    point = np.full((1, dimensions), 2.0, np.float32)
    made = drawn(Frame(1200, point, logits, {}), np.full((5, dimensions), -2.0, np.float32))
    assert made.shape == (PANEL + 14, 3 * PANEL + 8, 3) and made.dtype == np.uint8
    red = (made[:PANEL, :PANEL].astype(int) @ [1, -1, 0]) > 50
    columns = np.flatnonzero(red.any(0)) / PANEL * 5.2 - 2.6
    assert len(columns) and np.all(np.abs(columns - 2.0) < 0.1)
    if dimensions == 2:
        field = made[:PANEL, -PANEL:].astype(int)
        assert (field[:, -8:, 0] > field[:, -8:, 2]).mean() > 0.9 and (field[:, :8, 2] > field[:, :8, 0]).mean() > 0.9
    without = drawn(Frame(0, point, None, {}), point)
    assert without.shape[1] == 2 * PANEL + 4

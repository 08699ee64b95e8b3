"""A game for each joint of the contract, through training, resumption, pictures, samples, scores and plans."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_jax.run.training import Training
from gan_jax.run.work_folder import read_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup
from gan_jax.verbs.evaluate import Unscored, evaluate_run
from gan_jax.verbs.sample import sample
from gan_jax.verbs.translate import of_run, translate

BOTH_WAYS = ("pairs", "domains", "cyclegan")
TRANSLATING = (*BOTH_WAYS, "pix2pix")
ROOT = Path(__file__).resolve().parents[2]
PACKS_OF_3 = {"type": "packed.Packed", "m": 3, "discriminator": {"type": "mlp.Discriminator", "widths": (8,)}}


def test_a_run_broken_anywhere_ends_in_the_same_state(game, game_config, unbroken, tmp_path):
    """At a border, inside a fade, and at a round on which nothing falls."""
    for until in (3, 5, 6, 9):
        with Training(game_config(game), tmp_path / "run") as run:
            run.play(until=until)
            digest = run.digest()
    folder, expected = unbroken(game)
    assert digest == expected
    numbers = lambda where: [
        {key: value for key, value in json.loads(line).items() if key[:2] in ("d/", "g/", "t/") or key == "kimg"}
        for line in (where / "metrics.jsonl").read_text().splitlines()
    ]
    assert numbers(tmp_path / "run")[-3:] == numbers(folder)[-3:]


def test_pictures_and_samples_are_of_the_checkpoints_own_size(game, game_config, unbroken, tmp_path):
    folder, _ = unbroken(game)
    pictures = {path.name for path in (folder / "samples").iterdir()}
    assert {"000000000.png", "000000003.png", "000000009.png"} <= pictures
    assert (folder / "curves.png").exists() == (game == "population")
    if game in TRANSLATING:
        assert {"real_a.png", "real_b.png"} <= pictures
        assert ("000000009_b_to_a.png" in pictures) == (game in BOTH_WAYS)
    if game in BOTH_WAYS:
        sample(folder, tmp_path / "back.npz", num=5, sampler="b_to_a")
        assert np.load(tmp_path / "back.npz")["image"].shape == (5, 8, 8, 1)
    for step in (2, 9):
        sample(folder, tmp_path / f"{step}.npz", num=5, seed=3, step=step)
    first, last = (np.load(tmp_path / f"{step}.npz")["image"] for step in (2, 9))
    wanted = {
        "voxels": (5, 4, 4, 4, 1),
        "pictures to voxels": (5, 4, 4, 4, 1),
        "points": (5, 2),
        "growing": (5, 16, 16, 1),
    }.get(game, (5, 8, 8, 1))
    assert last.shape == wanted
    assert first.shape == ((5, 8, 8, 1) if game == "growing" else wanted)
    sample(folder, tmp_path / "fewer.npz", num=3, seed=3)
    np.testing.assert_array_equal(np.load(tmp_path / "fewer.npz")["image"], last[:3])
    with Training(game_config(game), folder) as run:
        drawn = run.sample(5, seed=3)
    if last.dtype == np.uint8:
        drawn = np.round(np.clip(drawn, -1, 1) * 127.5 + 127.5)
    if game not in TRANSLATING:  # a run starts from its training images, `sample` from test images
        np.testing.assert_array_equal(drawn, last)


def test_scores_of_any_checkpoint(image_game, unbroken):
    folder, _ = unbroken(image_game)
    scores = evaluate_run(folder, steps=[2, 9], recipes=["swd"])
    at = {score.step: score for score in scores if score.name == "swd"}
    assert set(at) == {2, 9} and all(np.isfinite(score.value) for score in scores)
    size = "16 x 16 x 1" if image_game == "growing" else "8 x 8 x 1"
    assert "at 8 x 8 x 1" in at[2].reference and f"at {size}" in at[9].reference
    if image_game == "growing":  # while it trained, too
        during = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        assert {line["step"] for line in during if "score/swd" in line} == {4, 8}


@pytest.mark.parametrize("translating", ["pix2pix", "cyclegan"])
def test_translations_are_scored_by_pixel_and_written_by_name(translating, unbroken, tmp_path):
    folder, _ = unbroken(translating)
    recipes = ["pair_l1", "pair_sharpness", *(["cycle"] if translating == "cyclegan" else [])]
    scores = {score.name: score for score in evaluate_run(folder, recipes=recipes)}
    l1 = scores["pair_l1"]
    assert l1.n_fake == l1.n_real == 70 and l1.split == "test" and l1.batch_norm == "image"
    assert 0 < scores["pair_l1/constant"].value < 1 and 0 < scores["pair_l1/copy"].value < 2
    assert scores["pair_sharpness"].value >= 0
    if translating == "cyclegan":
        assert 0 < scores["cycle"].value < 2
    else:
        with pytest.raises(Unscored, match="no way back"):
            evaluate_run(folder, recipes=["cycle"])

    translator = of_run(folder)
    errors = translate(translator, tmp_path / "test")  # the same images, targets and dropout
    np.testing.assert_allclose(np.mean(list(errors.values())), l1.value, atol=1e-4)
    page = (tmp_path / "test" / "gallery.html").read_text()
    worst = max(errors, key=lambda name: errors[name])
    assert page.count("<tr>") == 71 and f"<td>{worst}</td>" in page.split("</tr>")[1] and "https://" not in page
    assert len((tmp_path / "test" / "scores.csv").read_text().splitlines()) == 71
    with Image.open(tmp_path / "test" / "000003.png") as one:
        third = np.asarray(one)

    source = Setup.of(read_config(folder)).source("test")
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    for i in range(4):
        image = np.repeat(source[i]["a"], 3, -1)
        Image.fromarray(image).save(tmp_path / "mine" / "sub" / f"photo {i}.bmp")
    translate(translator, tmp_path / "mine_out", images=str(tmp_path / "mine"), shown=0)
    assert not (tmp_path / "mine_out" / "gallery.html").exists()
    with Image.open(tmp_path / "mine_out" / "photo 3.png") as one:
        np.testing.assert_allclose(np.asarray(one, int), third, atol=1)
    one = tmp_path / "mine" / "sub" / "photo 0.bmp"
    translate(translator, tmp_path / "one", images=str(one), targets=str(one), size="run")
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"photo 0.png", "gallery.html", "scores.csv"}

    Image.fromarray(np.zeros((18, 31, 3), np.uint8)).save(tmp_path / "odd.png")
    with pytest.raises(ValueError, match="odd has 18 x 31 pixels, and this network takes multiples of"):
        translate(translator, tmp_path / "odd", images=str(tmp_path / "odd.png"))
    translate(translator, tmp_path / "odd", images=str(tmp_path / "odd.png"), size="nearest")
    with Image.open(tmp_path / "odd" / "odd.png") as image:
        assert image.size == (32, 16)
    with pytest.raises(ValueError, match="no sampler 'c_to_d'"):
        of_run(folder, "c_to_d")
    with pytest.raises(ValueError, match="have no partner"):
        translate(translator, tmp_path / "x", images=str(tmp_path / "mine"), targets=str(tmp_path / "test"))
    with pytest.raises(ValueError, match="stays as it is"):
        translate(translator, tmp_path / "mine", images=str(tmp_path / "mine"))


def test_other_games_translate_nothing(unbroken, tmp_path):
    with pytest.raises(ValueError, match="draws from chance"):
        of_run(unbroken("two critics")[0])
    with pytest.raises(Unscored, match="it is of translations of images"):
        evaluate_run(unbroken("two critics")[0], recipes=["pair_l1"])


def test_a_plan_has_a_page_for_each_phase(game, game_config, capsys):
    from gan_jax.verbs.plan import plan

    found = plan(game_config(game), ["cpu:1"])
    assert len(found) == (2 if game in ("growing", "two critics", "wgan") else 1)
    assert len(plan(game_config(game), ["cpu:1"], what="sample")) == 1
    assert "memory a device" in capsys.readouterr().out


def test_eight_devices_play_as_one(tmp_path):
    """Every game's losses and state, on a mesh of 8 devices and of 1."""
    program = """
import functools, json, sys
import jax, numpy as np
sys.path[:0] = [sys.argv[1]]
import conftest
from gan_jax.nn.compiling import compiled
from gan_jax.setup.setup import Setup
from gan_jax.runtime.mesh import make_mesh, put_batch, replicate
seen = {}
for name in conftest.GAMES:
    setup = Setup.of(conftest.config_of(name))
    method, batches = setup.method, setup.batches(setup.source())
    phases = [(s.phase, s.start) for s in setup.stretches[-2:]]
    steps = {phase: compiled(functools.partial(method.step, phase=phase), quick=True) for phase, _ in phases}
    for devices in (1, 8):
        mesh = make_mesh(devices=jax.devices()[:devices])
        with jax.set_mesh(mesh):
            state = compiled(method.init, quick=True)(jax.random.key(0))
            state = state.replace(frozen=replicate(dict(method.load()), mesh))
            for phase, t in phases:
                batch = {key: batches.at(t)[key] for key in method.batch(phase)}
                state, metrics = steps[phase](state, put_batch(batch, mesh))
        norms = [float(np.sum(np.abs(leaf))) for leaf in jax.tree.leaves(jax.device_get(state.networks))]
        seen.setdefault(name, []).append({k: float(v) for k, v in metrics.items()} | dict(enumerate(norms)))
print(json.dumps(seen))
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)],
        env={**os.environ, **flags},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, (one, eight) in json.loads(done.stdout.splitlines()[-1]).items():
        for key, value in one.items():
            np.testing.assert_allclose(eight[key], value, rtol=2e-4, atol=2e-5, err_msg=f"{name}: {key}")


def test_a_run_killed_inside_a_fade_goes_on_to_the_same_state(game_config, unbroken, tmp_path):
    program = (
        "import sys, json; sys.path[:0] = [sys.argv[1]]\nimport conftest\n"
        "from gan_jax.run.training import Training\n"
        "with Training(conftest.config_of('growing'), sys.argv[2]) as run:\n"
        "    run.play(until=5)\n    print('saved', flush=True)\n    import time; time.sleep(600)\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path / "run")]
    with subprocess.Popen(arguments, env=variables, stdout=subprocess.PIPE, text=True) as process:
        began = time.monotonic()
        while "saved" not in (line := process.stdout.readline()):
            assert line or process.poll() is None and time.monotonic() - began < 300
        process.send_signal(signal.SIGKILL)
    with Training(game_config("growing"), tmp_path / "run") as run:
        assert run.step == 5  # of a fade from round 3 to round 7
        run.play()
        assert run.digest() == unbroken("growing")[1]


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("growing", {"stretches": ({"rounds": 3}, {"rounds": 3})}, "the stretches play 6 rounds and steps is 9"),
        ("growing", {"stretches": ({}, {"rounds": 3})}, r"stretches\[0\] needs rounds, or kimg"),
        ("growing", {"stretches": ({"rounds": 3, "shape": (5, 8, 1)}, {})}, "cannot be made of elements of shape"),
        (
            "growing",
            {"stretches": ({"rounds": 3, "shap": (8, 8, 1)}, {})},
            r"stretches\[0\].shap \(did you mean 'shape'\?\)",
        ),
        ("growing", {"stretches": ({"rounds": 3}, {"reset": "generater"})}, "a stretch resets 'generater'"),
        ("growing", {"stretches": ({"rounds": 3, "reset": "generator"}, {})}, "are new at round 0 anyway"),
        ("growing", {"stretches": ({"rounds": 3}, {"fade": True})}, "fades, so it needs rounds or kimg"),
        ("growing", {"seed": 2**32}, "seed must be a whole number of at most 4,294,967,295"),
        ("two critics", {"stretches": ({"rounds": 3, "fade": True}, {})}, "the generator .Generator. does not grow"),
        ("pairs", {"loss": {"type": "hinge"}}, "takes no block 'loss': remove it"),
        ("pairs", {"data": {"source": "digits", "shape": (8, 8, 1)}}, "needs the data's a, b"),
        ("pairs", {"a_to_b": {"type": "small_games:Translater"}}, "a_to_b: cannot load 'small_games:Translater'"),
        ("pairs", {"optim": {"a_to_b": {"type": "adam"}}}, "optim lacks b_to_a"),
        ("points", {"discriminator": PACKS_OF_3}, "packs of m=3 do not divide a batch of 8 images"),
        (
            "population",
            {"method": {"type": "evolutionary.Evolutionary", "survivors": 0}},
            "survivors must be a whole number",
        ),
        ("population", {"loss": {"type": "relativistic"}}, "its loss takes pairs"),
        ("voxels", {"data": {"source": "digits", "shape": (8, 8, 1)}}, "needs the data's voxels"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(game_config, tmp_path, name, changes, says):
    with pytest.raises((ConfigError, ValueError), match=says):
        Training(game_config(name, **changes), tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


def test_another_frozen_network_is_refused(game_config, unbroken, tmp_path, monkeypatch, small_games):
    import jax

    with Training(game_config("pairs"), tmp_path / "run") as run:
        run.play(until=2)
        assert "frozen" not in " ".join(path.name for path in (tmp_path / "run" / "checkpoints" / "2").rglob("*"))
    assert len(json.loads((tmp_path / "run" / "config.json").read_text())["found"]["frozen"]["encoder"]) == 64
    other = lambda self: {"encoder": self.encoder.init(jax.random.key(8), np.zeros((1, 8, 8, 1), np.float32))}
    monkeypatch.setattr(small_games.Translation, "load", other)
    with pytest.raises(ConfigError, match="other weights of encoder"):
        sample(tmp_path / "run", tmp_path / "x.npz", num=1)
    with pytest.raises(ConfigError, match="found.frozen.encoder"):
        Training(game_config("pairs"), tmp_path / "run")


def test_samplers_by_name(unbroken, tmp_path):
    with pytest.raises(ValueError, match="no sampler 'c_to_d'; it has a_to_b, b_to_a"):
        sample(unbroken("pairs")[0], tmp_path / "x.npz", sampler="c_to_d")
    with pytest.raises(ValueError, match="truncation is for generators of latents"):
        sample(unbroken("pairs")[0], tmp_path / "x.npz", truncation=0.5)

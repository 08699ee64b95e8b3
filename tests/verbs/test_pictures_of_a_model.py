"""`analyse`, `video` and `sample` of a small StyleGAN that has just grown."""

import json

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.main import main
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.tools.truncation import amounts_of
from gan_jax.zoo.files import hash_of

CONFIG = """
from ml_collections import ConfigDict
from gan_jax.configs import sngan_digits
from gan_jax.configs.parts import styles
from gan_jax.configs.parts.growing import growing

def get_config():
    config = sngan_digits.get_config()
    config.data = ConfigDict({"source": "fake", "length": 20, "size": (8, 8, 1), "shape": (8, 8, 1)})
    config.batch_size = 4
    small = {"channel_base": 32, "channel_max": 4}
    styles.networks(config, "stylegan", w_dim=4, mapping_layers=1, **small)
    config.latents.dim = 4
    config.regularizers = ConfigDict()
    styles.logistic_r1(config, 1.0)
    styles.adam(config)
    growing(config, fade_kimg=0.008, stable_kimg=0.008, total_kimg=0.024, batch_sizes={4: 4})
    config.log.samples_every = 3
    config.log.num_samples = 4
    config.log.every = 1
    config.checkpoint.every = 100
    config.evaluate.recipes = ("swd",)
    config.evaluate.test = None
    return config
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, quick_rounds):
    folder = tmp_path_factory.mktemp("model")
    (folder / "small.py").write_text(CONFIG)
    with quick_rounds():
        return play(folder, "train", f"--config={folder}/small.py", f"--workdir={folder}/run"), folder / "run"


def play(folder, verb, *flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", verb, "--compilation_cache=none", *flags])
    return ended.value.code


def test_it_grew_in_three_stretches(run):
    status, workdir = run
    assert status == 0
    assert {file.name for file in (workdir / "samples").glob("*.png")} >= {f"{k:09d}.png" for k in (0, 3, 6)}


@pytest.mark.parametrize(
    ("what", "flags", "tiles"),
    [
        ("mixing", ("--num=2", "--columns=3", "--layers=2:4"), (3, 4)),
        ("truncation", ("--num=2", "--amounts=1,0.5,0"), (2, 3)),
        ("truncation", ("--num=2",), (2, 6)),
        ("noise", ("--num=3", "--draws=2"), (3, 2)),
        ("interpolation", ("--num=2", "--columns=4", "--space=z"), (2, 4)),
    ],
)
def test_analyse_writes_a_table_of_pictures(run, tmp_path, what, flags, tiles):
    out = tmp_path / "out.png"
    assert play(tmp_path, "analyse", f"--workdir={run[1]}", f"--tool={what}", f"--out={out}", *flags) == 0
    with Image.open(out) as picture:
        assert picture.size == tuple(66 * n + 2 for n in reversed(tiles))


def test_analyse_takes_a_model_that_ships(tmp_path):
    out = tmp_path / "out.png"
    assert (
        play(
            tmp_path,
            "analyse",
            "--model=progan_faces",
            "--tool=interpolation",
            "--num=1",
            "--columns=3",
            f"--out={out}",
        )
        == 0
    )
    with Image.open(out) as picture:
        assert picture.size == (66 * 3 + 2, 66 + 2)


def test_truncation_of_latents_is_shown_at_thresholds():
    assert min(amounts_of(None, maps=True)) == -1
    assert min(amounts_of(None, maps=False)) > 0  # no latent is within less


def test_an_exported_model_draws_what_its_run_draws(run, tmp_path):
    out = tmp_path / "model"
    flags = ("--licence=none: chance", "--hardware=a laptop")
    assert play(tmp_path, "export", f"--workdir={run[1]}", f"--out={out}", *flags) == 0
    assert {file.name for file in out.iterdir()} == {"weights.safetensors", "model.json", "samples.png"}
    ours, theirs = gan_jax.load(out), gan_jax.load(run[1])
    for truncation in (None, 0.5):
        drawn = [model.sample(3, seed=4, truncation=truncation) for model in (ours, theirs)]
        np.testing.assert_array_equal(*drawn)
    card = json.loads((out / "model.json").read_text())
    assert card["data"]["licence"] == "none: chance" and card["training"]["hardware"] == "a laptop"
    assert (card["training"]["rounds"], card["training"]["kimg"]) == (6, 0.024) and card["training"]["state_digest"]
    assert card["samples"]["sha256"] == hash_of(ours.sample(16))
    assert repr(ours) == "Model('model', stylegan.Generator, step 6)"
    pictures = [tmp_path / "ours.npz", tmp_path / "theirs.npz"]
    for flag, picture in zip((f"--model={out}", f"--workdir={run[1]}"), pictures, strict=True):
        assert play(tmp_path, "sample", flag, f"--out={picture}", "--num=3", "--seed=4", "--truncation=0.5") == 0
    np.testing.assert_array_equal(*(np.load(picture)["image"] for picture in pictures))
    assert play(tmp_path, "export", f"--workdir={run[1]}", f"--out={run[1]}") == 1
    early = tmp_path / "early"
    assert play(tmp_path, "export", f"--workdir={run[1]}", f"--out={early}", "--step=7") == 1 and not early.exists()


def damaged(out, what):
    """Spoils one of a model's files, in one way."""
    weights, card = out / "weights.safetensors", out / "model.json"
    if what == "weights":
        weights.write_bytes(weights.read_bytes()[:-8] + bytes(8))
    elif what == "no weights":
        weights.unlink()
    elif what == "no JSON":
        card.write_text("{")
    else:
        known = json.loads(card.read_text())
        change = {
            "later": {"format": 99},
            "another network": {"config": known["config"] | {"latents": {"type": "normal", "dim": 8}}},
        }
        card.write_text(json.dumps({"less": []}.get(what, known | change.get(what, {}))))


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [
        ("weights", ValueError, "is not the file that model.json was written with"),
        ("no weights", FileNotFoundError, "weights.safetensors"),
        ("no JSON", ValueError, "model.json is no JSON"),
        ("less", ValueError, "is no model of gan_jax: it holds no object"),
        ("later", ValueError, "was written by a later gan_jax"),
        ("another network", ValueError, "the arrays are not those of this network: .*float32"),
    ],
)
def test_a_damaged_model_is_refused(run, tmp_path, what, kind, says):
    out = tmp_path / "model"
    assert play(tmp_path, "export", f"--workdir={run[1]}", f"--out={out}") == 0
    damaged(out, what)
    with pytest.raises(kind, match=says):
        gan_jax.load(out)


def test_a_video_of_a_walk_and_of_the_training(run, tmp_path):
    walk, lapse = tmp_path / "walk.gif", tmp_path / "lapse.webp"
    flags = ("--num=2", "--frames=2", "--panels=1")
    assert play(tmp_path, "video", f"--workdir={run[1]}", f"--out={walk}", *flags) == 0
    with Image.open(walk) as opened:
        assert opened.n_frames == 4
    assert play(tmp_path, "video", f"--workdir={run[1]}", f"--out={lapse}", "--timelapse") == 0
    assert play(tmp_path, "video", "--out=a.gif", "--timelapse") == 1
    with Image.open(lapse) as opened:
        assert opened.n_frames == 3


def test_images_of_a_folder_are_projected(run, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    Image.fromarray(np.tile(np.arange(0, 200, 20, dtype=np.uint8), (10, 1))).save(tmp_path / "mine" / "a.png")
    out = tmp_path / "found"
    flags = (f"--images={tmp_path}/mine", f"--out={out}", "--iterations=20", "--space=w+")
    assert play(tmp_path, "project", f"--workdir={run[1]}", *flags) == 0
    with np.load(out / "codes.npz") as codes:
        assert codes["w"].shape == (1, 4, 4)
    with Image.open(out / "projected.png") as picture:
        assert picture.size == (2 * 66 + 2, 66 + 2)
    assert "mean distance" in capsys.readouterr().out
    for flags, message in (((), "--images"), ((f"--images={tmp_path}/none",), "none")):
        assert play(tmp_path, "project", f"--workdir={run[1]}", *flags) == 1
        assert message in capsys.readouterr().err


def test_truncation_of_samples_is_by_psi(run, tmp_path):
    drawn = {}
    for psi in ("1", "0.5"):
        out = tmp_path / f"{psi}.npz"
        assert play(tmp_path, "sample", f"--workdir={run[1]}", f"--out={out}", "--num=3", f"--truncation={psi}") == 0
        drawn[psi] = np.load(out)["image"]
    assert np.abs(drawn["1"].astype(int) - drawn["0.5"]).max() > 0


@pytest.mark.parametrize(
    ("verb", "flags", "message"),
    [
        ("analyse", ("--tool=mixing", "--layers=3:9"), "this generator has layers 0 to 3"),
        ("analyse", ("--tool=truncation", "--amounts=much"), "--amounts are numbers"),
        ("analyse", ("--tool=truncation", "--truncation=0.5"), "for analyse --tool=truncation: --amounts=0.5"),
        ("analyse", ("--tool=truncation", "--amounts=1,nan"), "--amounts are numbers"),
        ("analyse", ("--tool=interpolation", "--columns=1"), "a whole number from 2 to 1000 is needed"),
        (
            "analyse",
            ("--tool=mixing", "--draws=5"),
            "--draws belongs to analyse --tool=noise, not to analyse --tool=mixing",
        ),
        ("analyse", ("--tool=noise", "--out=a.jpg"), "out ends in .png"),
        ("analyse", (), "analyse needs --tool, such as --tool=mixing; there are mixing, truncation"),
        ("analyse", ("--tool=mixin",), "there is no such tool (did you mean 'mixing'?)"),
        ("analyse", ("--tool=mixing", "--tool=noise"), "the tool is given twice, as mixing and noise"),
        ("analyse", ("--tool=mixing", "--model=progan_faces"), "one of the two"),
        ("video", ("--out=a.avi",), "out ends in .gif"),
        ("video", ("--timelapse", "--num=3"), "--timelapse takes no --num: it would change nothing"),
        ("video", ("--model=progan_faces",), "one of the two"),
        ("sample", ("--model=progan_faces",), "one of the two"),
    ],
)
def test_what_is_refused(run, tmp_path, capsys, verb, flags, message):
    assert play(tmp_path, verb, f"--workdir={run[1]}", *flags) == 1
    assert message in capsys.readouterr().err


@pytest.fixture
def unread(monkeypatch):
    """Restoring a checkpoint is an error: what is refused is refused before."""
    for verb in ("opening", "project"):
        monkeypatch.setattr(f"gan_jax.verbs.{verb}.restore", None)


@pytest.mark.parametrize(
    ("verb", "flags", "message"),
    [
        ("analyse", ("--tool=mixing", "--out=FILE/a.png"), "file is no folder"),
        ("analyse", ("--tool=mixing", "--out=FOLDER.png"), "it is a folder; name a file"),
        ("video", ("--out=FILE/a.gif",), "file is no folder"),
        ("video", ("--fps=0",), "fps is more than 0"),
        ("project", ("--images=.", "--out=FILE"), "file is no folder; name another place"),
        ("project", ("--images=.", "--out=FILE/a"), "file is no folder; name another place"),
        ("analyse", ("--tool=noise", "--num=1000000000"), "a whole number from 1 to 1000 is needed"),
        (
            "analyse",
            ("--tool=interpolation", "--num=1000", "--columns=1000"),
            "would hold 1,000,000 images, and 10,000",
        ),
        ("analyse", ("--tool=noise", "--draws=1000000000"), "a whole number from 2 to 100000"),
        ("video", ("--num=1000000000",), "a whole number from 2 to 10000"),
        ("video", ("--num=10000", "--frames=10000"), "are 100,000,000 frames, and 100,000 are the most"),
        ("project", ("--images=.", "--num=1000000000"), "a whole number from 1 to 1024"),
    ],
)
def test_what_is_refused_before_anything_is_read(run, unread, tmp_path, monkeypatch, capsys, verb, flags, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    flags = [flag.replace("FILE", "file").replace("FOLDER", "folder") for flag in flags]
    assert play(tmp_path, verb, f"--workdir={run[1]}", *flags) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "analysis.png").exists()


@pytest.mark.parametrize(
    ("verb", "flags"), [("analyse", ("--tool=noise",)), ("video", ()), ("project", ("--images=.",))]
)
def test_a_run_of_points_has_no_images(unread, tmp_path, monkeypatch, capsys, verb, flags):
    (tmp_path / "config.json").write_text(json.dumps(resolve(load_config("gan_ring"))))
    monkeypatch.chdir(tmp_path)
    assert play(tmp_path, verb, f"--workdir={tmp_path}", *flags) == 1
    assert "makes points of shape [2]: gan_jax sample draws these" in capsys.readouterr().err

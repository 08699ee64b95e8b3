"""Scores of a tiny run, from the command's functions: what is written, what is refused, what is kept."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import open_source
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.score import append_scores, read_scores
from gan_jax.features.inception import random_variables
from gan_jax.features.weights import save_weights
from gan_jax.run.scoring import Options
from gan_jax.run.training import Training
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.evaluate import Unscored, compare_runs, evaluate_images, evaluate_run, list_recipes

PIXELS = {"data__shape": (16, 16, 1), "steps": 4, "checkpoint__every": 2, "log__samples_every": 100}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny, quick_rounds):
    """A run of 4 rounds with checkpoints at 2 and 4, scored at 2 during training."""
    folder = tmp_path_factory.mktemp("evaluate") / "run"
    config = tiny(**PIXELS, evaluate__every=2, evaluate__during=("fd_digits",))
    with quick_rounds(), Training(config, folder) as run:
        run.play()
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def test_scores_during_training_are_those_of_the_checkpoint(trained):
    during = {score.step: score for score in read_scores(trained / "scores.jsonl")}
    assert during.keys() == {2, 4}
    assert during[2].value != during[4].value
    (again,) = evaluate_run(trained, recipes=["fd_digits"], steps=[2])
    assert again.value == pytest.approx(during[2].value, rel=1e-5)
    assert again.protocol() == during[2].protocol()
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    logged = {line["step"]: line["score/fd_digits"] for line in lines if "score/fd_digits" in line}
    assert logged == {step: score.value for step, score in during.items()}


def test_every_checkpoint_gets_a_complete_record(trained, capsys):
    scores = evaluate_run(trained, recipes=["kd_digits", "memorisation"], every_step=True)
    assert {score.step for score in scores} == {2, 4}
    by_name = {score.name: score for score in scores if score.step == 4}
    kd = by_name["kd_digits"]
    assert (kd.n_fake, kd.n_real, kd.split, kd.weights, kd.batch_norm) == (1442, 1442, "train", "ema", "running")
    assert kd.reference.startswith("Digits(split='train') at 16 x 16 x 1")
    assert kd.spread > 0 and len(kd.extractor_hash) == 64 and kd.resize == "none" and kd.tap == "pooled"
    assert kd.settings == {"subsets": 100, "subset_size": 1000}
    assert by_name["memorisation"].value > 0
    assert (trained / "scores.png").read_bytes()[:4] == b"\x89PNG"
    picture = np.asarray(Image.open(trained / "scores" / "000000004" / "nearest_pixels.png"))
    assert picture.shape[0] / picture.shape[1] == pytest.approx(12 / 6, rel=0.01)
    told = capsys.readouterr().out
    assert "kd_digits" in told


def test_a_probe_looks_through_each_tap(trained):
    by_name = {score.name: score for score in evaluate_run(trained, recipes=["probe"])}
    taps = ("block0", "block1", "pooled")
    assert by_name.keys() == {"probe", *(f"probe/{tap}" for tap in taps), *(f"probe/{tap}/gap" for tap in taps)}
    best = by_name.pop("probe")
    by_name = {name: score for name, score in by_name.items() if not name.endswith("/gap")}
    assert best.value == max(score.value for score in by_name.values()) > 0.5
    assert (best.weights, best.n_fake, by_name["probe/block1"].tap) == ("raw", None, "block1")


def test_what_fails_is_told_and_what_does_not_is_kept(trained):
    before = len(read_scores(trained / "scores.jsonl"))
    with pytest.raises(Unscored) as told:
        evaluate_run(trained, recipes=["fid10k_test", "cas", "prdc_digits"])
    assert "355 images are too few" in str(told.value)
    assert "this generator is unconditional" in str(told.value)
    assert len(read_scores(trained / "scores.jsonl")) == before + 4


def test_raw_weights_and_other_statistics_are_other_protocols(trained):
    (standing,) = evaluate_run(trained, recipes=["fd_digits"], options=Options(batch_norm="standing"))
    (batch,) = evaluate_run(trained, recipes=["fd_digits"], options=Options(batch_norm="batch", average=False))
    (running,) = evaluate_run(trained, recipes=["fd_digits"])
    assert len({standing.value, batch.value, running.value}) == 3
    assert (batch.weights, batch.batch_norm, standing.batch_norm) == ("raw", "batch", "standing")


def test_an_unknown_recipe_is_refused_before_anything_runs(trained):
    with pytest.raises(ValueError, match=r"no recipe 'kd_digit' \(did you mean 'kd_digits'\?\); known: fid50k, "):
        evaluate_run(trained, recipes=["kd_digit"])
    assert "kd_digits " in list_recipes()


def test_another_runs_config_is_refused(trained, tiny):
    with pytest.raises(ValueError, match="holds another config's run"):
        evaluate_run(trained, tiny(**PIXELS, seed=5), recipes=["swd"])


def test_two_runs_side_by_side(trained, tmp_path):
    scores = evaluate_run(trained, recipes=["fd_digits"])
    other = dataclasses.replace(scores[0], value=scores[0].value + 1)
    append_scores(tmp_path / "other" / "scores.jsonl", [other])
    (line,) = [line for line in compare_runs(trained, tmp_path / "other").splitlines() if line.startswith("fd_digits ")]
    assert line.split()[-1] == "+1"
    append_scores(tmp_path / "another" / "scores.jsonl", [dataclasses.replace(other, n_fake=7)])
    with pytest.raises(ValueError, match="n_fake: 1442 and 7"):
        compare_runs(trained, tmp_path / "another")
    assert "+1" in compare_runs(trained, tmp_path / "another", force=True)


# --- any two sets of images


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Two halves of random blobs as a folder and as an .npz file, and a third set of noise."""
    folder = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(0, 256, (140, 4, 4, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)
    (folder / "png").mkdir()
    for i, image in enumerate(smooth[:70]):
        Image.fromarray(image).save(folder / "png" / f"{i:03d}.png")
    np.savez(folder / "half.npz", image=smooth[70:])
    np.savez(folder / "noise.npz", image=rng.integers(0, 256, (70, 16, 16, 3), np.uint8))
    np.savez(folder / "small.npz", image=smooth[:, :8, :8])
    np.savez(folder / "few.npz", image=smooth[:5])
    return folder


def test_sets_of_images_are_ordered_by_their_distance(sets, tmp_path):
    value = lambda images: {
        score.name: score.value
        for score in evaluate_images(str(images), str(sets / "half.npz"), ["swd"], out=tmp_path / "scores.jsonl")
    }["swd"]
    assert value(sets / "half.npz") == 0
    assert value(sets / "png") < value(sets / "noise.npz")
    found = read_scores(tmp_path / "scores.jsonl")
    assert {score.subject for score in found} == {str(sets / name) for name in ("half.npz", "png", "noise.npz")}
    assert all(score.weights is None and score.step is None and str(sets) not in score.reference for score in found)


def test_two_sets_whose_paths_end_alike_are_two_sets(tmp_path):
    """In one process, from the cache of another evaluation, and in one file of scores."""
    rng = np.random.default_rng(0)
    real = open_source("digits").images[:300].repeat(2, 1).repeat(2, 2)
    for name, images in (("real", real), ("noise", rng.integers(0, 256, real.shape, np.uint8)), ("copy", real)):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "test.npz", image=images)
    value = lambda name: {
        score.name: score.value
        for score in evaluate_images(
            str(tmp_path / name / "test.npz"),
            str(tmp_path / "real/test.npz"),
            ["fd_digits", "prdc_digits"],
            out=tmp_path / "scores.jsonl",
        )
    }
    for _ in range(2):
        noise, copy = value("noise"), value("copy")
        assert noise["fd_digits"] > 50 > 1e-6 > copy["fd_digits"]
        assert noise["prdc_digits/precision"] < 0.1 and copy["prdc_digits/precision"] > 0.9
    by_subject = {score.subject: score for score in read_scores(tmp_path / "scores.jsonl") if score.name == "fd_digits"}
    assert by_subject.keys() == {str(tmp_path / name / "test.npz") for name in ("noise", "copy")}
    hashes = {score.subject_hash for score in by_subject.values()} | {
        score.reference_hash for score in by_subject.values()
    }
    assert len(hashes) == 2  # the copy's is the reference's


def test_what_cannot_be_appended_to_is_told_before_any_work(sets, tmp_path):
    (tmp_path / "notes.txt").write_text("mine\n")
    with pytest.raises(ValueError, match="notes.txt is no file of scores"):
        evaluate_images(str(sets / "png"), str(sets / "half.npz"), ["swd"], out=tmp_path / "notes.txt")
    with pytest.raises(ValueError, match="is a folder: scores are appended to a file"):
        evaluate_images("nowhere", "nowhere", ["swd"], out=tmp_path)
    with pytest.raises(ValueError, match="truncation and sampler are of a run"):
        evaluate_images("nowhere", "nowhere", ["swd"], options=Options(truncation=1.0))


def test_points_have_a_score_of_their_own(tmp_path):
    config = load_config("configs/gan_ring.py")
    config.steps = 2
    with Training(config, tmp_path / "ring") as run:
        run.play()
    found = {score.name: score for score in evaluate_run(tmp_path / "ring")}
    assert found.keys() == {"modes", "modes/near", "modes/smallest_share", "modes/largest_share", "modes/reverse_kl"}
    assert 0 <= found["modes"].value <= 8 and found["modes"].settings == {"deviations": 3.0, "std": 0.02}
    assert (found["modes"].n_fake, found["modes"].weights) == (10_000, "ema")
    with pytest.raises(Unscored, match="this run draws points: the recipe modes scores them"):
        evaluate_run(tmp_path / "ring", recipes=["swd"])


def test_broken_files_are_left_out_where_that_is_asked(sets, tmp_path, capfd):
    shutil.copytree(sets / "png", tmp_path / "png")
    (tmp_path / "png" / "000.png").write_bytes(b"")
    with pytest.raises(ValueError, match="000.png.*set skip_broken"):
        evaluate_images(str(tmp_path / "png"), str(sets / "half.npz"), ["swd"])
    capfd.readouterr()
    (score,) = (
        score
        for score in evaluate_images(str(tmp_path / "png"), str(sets / "half.npz"), ["swd"], skip_broken=True)
        if score.name == "swd"
    )
    assert score.n_fake == 69 and "left out 1 images that do not decode: cannot decode" in capfd.readouterr().out


def test_a_data_set_by_name_is_made_to_fit(sets):
    scores = evaluate_images(str(sets / "png"), "emoji/test", ["swd", "ms_ssim"], options=Options(force=True))
    by_name = {score.name: score for score in scores}
    assert by_name["swd"].n_fake == by_name["swd"].n_real == 70
    assert by_name["swd"].split == "test" and "16 x 16 x 3" in by_name["swd"].reference


def test_attributes_are_counted_in_any_set_of_faces(tmp_path):
    """Half of the test faces, and the same with no glasses among them, beside all test faces."""
    faces = open_source("faces", split="test", size=32)
    table = dict(zip(faces.attribute_names, faces.attribute_table().T, strict=True))
    np.savez(tmp_path / "half.npz", image=faces.images[::2])
    np.savez(tmp_path / "bare.npz", image=faces.images[~table["glasses"]])
    found = {}
    for name in ("half", "bare"):
        recipes = ["attributes_faces", "fd_faces"]
        scores = evaluate_images(str(tmp_path / f"{name}.npz"), "faces/test", recipes, out=tmp_path / "scores.jsonl")
        found[name] = {score.name: score for score in scores}
    of = lambda name, part: found[name][f"attributes_faces{part}"].value
    assert of("bare", "/glasses") == 0 < found["half"]["attributes_faces/glasses"].spread
    assert of("half", "/glasses") == pytest.approx(table["glasses"][::2].mean(), abs=0.01)
    assert of("bare", "/glasses/of_real") == pytest.approx(table["glasses"].mean(), abs=0.01)
    assert of("half", "") < 0.04 and 0.4 / 10 < of("bare", "") and of("half", "/unsure") < 0.05
    assert found["half"]["fd_faces"].value < found["bare"]["fd_faces"].value
    record = found["half"]["attributes_faces/beard/of_real"]
    assert (record.tap, record.n_fake, record.n_real, record.extractor) == ("logits", 300, 600, "faces")
    assert record in read_scores(tmp_path / "scores.jsonl")
    with pytest.raises(ValueError, match="no recipe 'attributes_digits'"):
        evaluate_images("digits", "digits", ["attributes_digits"])


@pytest.mark.parametrize(
    ("images", "recipe", "message"),
    [
        ("small.npz", "swd", r"images of 8 x 8 x 3 and .* of 16 x 16 x 3"),
        ("few.npz", "swd", "5 images are too few"),
        ("png", "fid", "70 images are too few: it means little below 2,048"),
        ("png", "fid50k", "it needs 50,000 images"),
        ("few.npz", "ms_ssim", "5 images are too few: it means little below 46"),
        ("png", "modes", "it is for runs on the data source toys"),
        ("png", "ms_ssim_by_class", "these images have no labels"),
        ("png", "probe", "run's discriminator"),
        ("png", "memorisation", "needs a training and a test split"),
    ],
)
def test_sets_that_do_not_fit_a_score_are_refused(sets, images, recipe, message):
    with pytest.raises(Unscored, match=message):
        evaluate_images(str(sets / images), str(sets / "half.npz"), [recipe])


def test_missing_and_mixed_sets_are_named(sets, tmp_path):
    with pytest.raises(
        FileNotFoundError, match="nowhere is no folder, no .zip or .npz file, and none of the data sets emoji"
    ):
        evaluate_images("nowhere", "digits")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    Image.new("RGB", (9, 8)).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="images of different sizes"):
        evaluate_images(str(tmp_path), "digits")


def test_inception_scores_take_weights_from_a_path(sets, tmp_path):
    path = tmp_path / "inception.npz"
    digest = save_weights(path, random_variables(0), {"name": "inception_2015"})
    np.savez(tmp_path / "some.npz", image=np.load(sets / "half.npz")["image"][:6])
    scores = evaluate_images(
        str(tmp_path / "some.npz"),
        str(sets / "few.npz"),
        ["fid", "kid"],
        Extractors({"inception_2015": str(path)}),
        Options(force=True, batch_size=6),
    )
    by_name = {score.name: score for score in scores}
    assert by_name.keys() == {"fid", "kid"}
    assert by_name["fid"].value > 0
    assert {(score.extractor, score.extractor_hash, score.resize) for score in scores} == {
        ("inception_2015", digest, "tf1")
    }


def test_missing_weights_are_asked_for(sets, monkeypatch, tmp_path):
    """The file to fetch; without PyTorch, which converts it, the converted one."""
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(Unscored, match=r"weights-inception-2015-12-05-6726825d.pth|inception_2015.npz"):
        evaluate_images(str(sets / "png"), str(sets / "half.npz"), ["fid"], options=Options(force=True))
    with pytest.raises(ValueError, match="weights are given for inception_2015 and vgg16, not for 'vgg19'"):
        Extractors({"vgg19": "somewhere"})

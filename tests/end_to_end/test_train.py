"""A run in its folder: what it leaves there, what it says, and that going on is the same as never having stopped."""

import json
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from gan_jax.data import open_source
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import with_latent_truncation
from gan_jax.run.divergence import TrainingDiverged
from gan_jax.run.training import Training, train
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.verbs.sample import draw, load_sampler, sample, write


def _lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, request):
    """The folder of an unbroken tiny run, and what it printed."""
    import contextlib
    import io

    workdir = tmp_path_factory.mktemp("run") / "unbroken"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        train(request.getfixturevalue("tiny_once")(), workdir)
    return workdir, printed.getvalue()


@pytest.fixture(scope="module")
def tiny_once():
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("tiny_run", Path(__file__).with_name("conftest.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.tiny.__wrapped__()


def test_the_work_folder_holds_what_is_promised(finished):
    workdir, _ = finished
    assert resolve(json.loads((workdir / "config.json").read_text()) | {"found": None})["steps"] == 12
    assert sorted(file.name for file in (workdir / "samples").iterdir()) == [
        "000000000.png",
        "000000006.png",
        "000000012.png",
        "real.png",
    ]
    assert {path.name for path in (workdir / "checkpoints").iterdir()} == {"6", "9", "12"}
    assert list((workdir / "tensorboard").glob("events.out.tfevents*"))


def test_each_line_of_the_metrics_is_complete(finished):
    workdir, _ = finished
    lines = [line for line in _lines(workdir) if "d/adversarial" in line]
    assert [line["step"] for line in lines] == list(range(1, 13))
    for line in lines[2:]:
        assert {"kimg", "seconds", "images_per_second", "data_wait", "d/rotation", "g/rotation"} <= line.keys()
        assert {"d/real_accuracy", "d/fake_accuracy", "d/gradient_norm", "g/gradient_norm"} <= line.keys()
    assert lines[-1]["kimg"] == pytest.approx(12 * 16 / 1000)
    assert [line["step"] for line in _lines(workdir) if "samples/distance" in line] == [0, 6, 12]


def test_the_last_line_carries_the_digest_that_is_printed(finished):
    workdir, printed = finished
    digest = _lines(workdir)[-1]["state_digest"]
    assert len(digest) == 64
    assert f"finished at step 12; state_digest {digest}" in printed


def test_the_start_says_what_was_found(finished):
    _, printed = finished
    assert "1,442 elements" in printed
    assert "10 classes" in printed
    assert "parameters: discriminator" in printed


def test_the_pictures_can_be_seen(finished):
    workdir, _ = finished
    with Image.open(workdir / "samples" / "000000012.png") as image:
        grid = np.asarray(image)
    assert min(grid.shape[:2]) >= 2 * 64
    assert grid.std() > 1


def test_stopped_and_resumed_is_unbroken_to_the_bit(finished, tiny, tmp_path, capsys):
    workdir, _ = finished
    for until in (2, 5, 7, 12):  # none of the first three is a step that saves by itself
        with Training(tiny(), tmp_path) as run:
            run.play(until)
            digest = run.digest()
    assert "resumed at step 7, kimg 0.1, epoch 0.08" in capsys.readouterr().out
    assert digest == _lines(workdir)[-1]["state_digest"]
    steps = [line["step"] for line in _lines(tmp_path) if "d/adversarial" in line]
    assert steps == list(range(1, 13))


def _numbers(workdir):
    """The lines of a run without those that tell of time."""
    of_time = ("seconds", "images_per_second", "seconds_per_kimg", "data_wait")
    keep = lambda key: key not in of_time and not key.startswith("time/")
    return [{key: value for key, value in line.items() if keep(key)} for line in _lines(workdir)]


@pytest.fixture
def small():
    """A function: changes -> the config of a run on points, which compiles in no time."""

    def config(**changes):
        made = load_config("configs/gan_ring.py")
        made.update({"steps": 12, "batch_size": 8, "regularizers": {}, "rounds_a_dispatch": 1})
        made.log.update({"every": 1, "samples_every": 6, "num_samples": 4})
        made.checkpoint.every = 6
        with made.unlocked():
            del made.regularizers.r1
            for player in ("generator", "discriminator"):
                made[player].widths = (8,)
                made.optim[player].learning_rate.transition_steps = 12
        made.update(changes)
        return made

    return config


def test_several_rounds_a_dispatch_are_the_same_run(small, tmp_path, capsys):
    train(small(), tmp_path / "one")
    with Training(small(rounds_a_dispatch=3), tmp_path / "several") as run:
        run.play(8)  # to 3, 6, 7, 8
    with Training(small(rounds_a_dispatch=2), tmp_path / "several", profile=(9, 10)) as run:
        run.play()  # to 10, 12
    assert _numbers(tmp_path / "several") == _numbers(tmp_path / "one")  # to the bit, and the digest with them
    names = lambda run: sorted(file.name for file in (tmp_path / run / "samples").iterdir())
    assert names("several") == names("one")
    assert "trace of rounds 8 to 10" in capsys.readouterr().out
    (trace,) = (tmp_path / "several" / "profile").rglob("*.trace.json.gz")
    assert trace.stat().st_size > 0


def test_a_signal_is_answered_after_the_dispatch(small, tmp_path):
    with Training(small(rounds_a_dispatch=3, checkpoint={"every": 3}), tmp_path) as run:
        play = run._play_on_device

        def interrupted(state, dispatch):
            if int(state.step) == 3:
                signal.raise_signal(signal.SIGTERM)
            return play(state, dispatch)

        run._play_on_device = interrupted
        assert run.play() == "SIGTERM"
        assert run.step == 6 and run.checkpoints.steps() == [3, 6]


def test_a_bad_round_among_several_is_named(small, tmp_path):
    """Round 5, in the middle of the rounds 4 to 6: the lines before it stay, and none of what follows it is kept."""
    with Training(small(rounds_a_dispatch=3, checkpoint={"every": 3}), tmp_path) as run:
        sound = run._play_on_device

        def spoilt(state, dispatch):
            first = int(state.step)
            state, metrics = sound(state, dispatch)
            rounds = first + 1 + np.arange(dispatch.rounds)
            return state, {**metrics, "g/total": np.where(rounds == 5, np.nan, metrics["g/total"])}

        run._play_on_device = spoilt
        with pytest.raises(TrainingDiverged, match=r"^round 5: g/total is nan. The last good checkpoint: step 3"):
            run.play()
    assert [line["step"] for line in _lines(tmp_path) if "g/total" in line] == [1, 2, 3, 4, 5]
    assert _lines(tmp_path)[-1]["g/total"] == "nan"
    assert run.checkpoints.steps() == [3]


def test_where_the_time_went_is_on_every_line(finished):
    workdir, _ = finished
    parts = [
        [line[f"time/{part}"] for part in ("input", "host", "device")] for line in _lines(workdir) if "d/total" in line
    ]
    np.testing.assert_allclose(np.sum(parts, axis=1), 1)
    assert np.min(parts) >= 0
    assert parts[0][1] > 0.5  # it compiles


def test_a_finished_run_says_so_and_changes_nothing(finished, tiny, capsys):
    workdir, _ = finished
    before = (workdir / "metrics.jsonl").read_bytes()
    assert train(tiny(), workdir) is None
    assert "finished at step 12; state_digest" in capsys.readouterr().out
    assert (workdir / "metrics.jsonl").read_bytes() == before


def test_another_config_in_the_folder_is_refused(finished, tiny):
    workdir, _ = finished
    with pytest.raises(ConfigError, match="batch_size: 8 there, 16 here"):
        Training(tiny(batch_size=16), workdir)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tiny, tmp_path, capsys):
    with Training(tiny(), tmp_path) as run:
        run.play(9)
    for file in (tmp_path / "checkpoints" / "9" / "state").rglob("*"):
        if file.is_file() and file.stat().st_size > 100:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with Training(tiny(), tmp_path) as run:
        assert run.step == 6
    told = capsys.readouterr()
    assert "9 is passed over" in told.err
    assert "resumed at step 6" in told.out


LOST = """
import jax.numpy as jnp
from gan_jax.losses import hinge


class lost_at_the_sixth_update(hinge):
    def init(self):
        return jnp.zeros(())

    def discriminator(self, real, fake, memory):
        term = super().discriminator(real, fake, ())
        return term._replace(loss=term.loss / jnp.where(memory < 5, 1.0, 0.0), memory=memory + 1)

    def generator(self, real, fake, memory):
        return super().generator(real, fake, ())._replace(memory=memory)
"""


def test_a_number_that_is_not_finite_stops_the_run_and_names_its_term(tiny, tmp_path, monkeypatch, quick_rounds):
    (tmp_path / "lost_loss.py").write_text(LOST)
    monkeypatch.syspath_prepend(tmp_path)
    config = tiny(checkpoint__every=1)
    config.loss.type = "lost_loss:lost_at_the_sixth_update"
    tmp_path = tmp_path / "run"
    with (
        quick_rounds(),
        Training(config, tmp_path) as run,
        pytest.raises(TrainingDiverged, match=r"round \d+: [dg]/\w+ is (nan|inf)") as told,
    ):
        run.play()
    assert run.checkpoints.steps() == [1, 2]  # the fifth and sixth update of D are the third round's
    assert "round 3:" in str(told.value) and "step 2 in" in str(told.value)


def test_a_player_that_learns_no_more_is_told_once(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "gan_jax.run.reading.learns_no_more", lambda step, values: f"round {step}: lost" if step > 1 else None
    )
    train(tiny(steps=4), tmp_path)
    told = capsys.readouterr().err
    assert told.count("lost") == 1 and "round 2: lost" in told


def test_samples_are_of_the_average_and_depend_on_the_seed_alone(finished, tiny):
    workdir, _ = finished
    step, average = load_sampler(workdir)
    assert step == 12
    images = draw(average, 5, seed=3)["image"]
    assert images.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(images, draw(average, 5, seed=3)["image"])
    assert np.abs(images - draw(average, 5, seed=4)["image"]).max() > 0
    raw = draw(load_sampler(workdir, average=False)[1], 5, seed=3)["image"]
    assert np.abs(images - raw).max() > 0
    with Training(tiny(), workdir) as run:
        state = run.state
        by_hand = run.method.generator.apply(
            {"params": state.networks["generator"].ema["params"], **state.networks["generator"].ema["stats"]},
            average.starts(jax.random.key(3), jnp.arange(5))["z"],
            train=False,
        )
        np.testing.assert_allclose(images, by_hand, atol=1e-5)
        np.testing.assert_array_equal(run.sample(5, seed=3), images)


def test_samples_are_written_as_grid_arrays_and_folder(finished, tmp_path, capsys):
    workdir, _ = finished
    sample(workdir, tmp_path / "grid.png", num=6)
    sample(workdir, tmp_path / "arrays.npz", num=70)
    sample(workdir, tmp_path / "folder", num=6, step=9)
    assert "wrote 6 samples of step 9 to 6 files" in capsys.readouterr().out
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size[0] > 64
    with np.load(tmp_path / "arrays.npz") as arrays:
        assert arrays["image"].shape == (70, 8, 8, 1)
        assert arrays["image"].dtype == np.uint8
    assert len(list((tmp_path / "folder").glob("*.png"))) == 6
    again = open_source("arrays", path=str(tmp_path / "arrays.npz"))
    assert len(again) == 70


def test_what_cannot_be_sampled_is_said(finished, tmp_path):
    workdir, _ = finished
    with pytest.raises(ValueError, match="unconditional: it takes no label"):
        sample(workdir, tmp_path / "x.png", label=1)
    with pytest.raises(ValueError, match="truncation must be more than 0"):
        sample(workdir, tmp_path / "x.png", truncation=-1.0)
    with pytest.raises(ValueError, match="ends in"):
        write({"image": np.zeros((1, 8, 8, 1))}, tmp_path / "x.gif")
    with pytest.raises(FileNotFoundError, match="holds no run"):
        sample(tmp_path / "nothing", tmp_path / "x.png")


def test_truncation_bounds_the_latents(finished):
    _, sampler = load_sampler(finished[0])
    drawn = lambda sampler: np.abs(sampler.starts(jax.random.key(0), jnp.arange(500))["z"]).max()
    assert drawn(with_latent_truncation(sampler, 0.5)) <= 0.5
    assert drawn(sampler) > 2


def test_a_conditional_run_trains_and_samples_by_label(tiny, tmp_path, quick_rounds):
    changes = {"generator__norm": "conditional_batch", "method__num_classes": 10, "steps": 2, "checkpoint__every": 2}
    config = tiny(**changes)
    with quick_rounds(), Training(config, tmp_path) as run:
        run.play()
    _, sampler = load_sampler(tmp_path)
    assert set(draw(with_label(sampler, 7), 4)["label"]) == {7}
    assert len(set(draw(sampler, 40)["label"])) > 3
    with pytest.raises(ValueError, match="label must be 0 to 9"):
        with_label(sampler, 10)


def test_a_folder_of_ones_own_trains(tiny, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for i in range(9):
        Image.fromarray(rng.integers(0, 255, (20 + i, 30, 3), np.uint8)).save(tmp_path / f"{i}.jpg")
    with Training(tiny(data__source="folder", data__path=str(tmp_path), steps=2), tmp_path / "run") as run:
        run.play()
    assert "9 elements" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data__source": "folder", "data__path": "EMPTY"}, "no images in"),
        ({"data__source": "folder", "data__path": "SIZES", "data__resize": "none"}, "Sizes found"),
        ({"data__source": "folder", "data__path": "SIZES", "method__num_classes": 2}, "needs class labels"),
        ({"mesh__data": 3}, "cannot lay out data=3"),
        ({"mesh__data": 0}, "data must be a whole number from 1 on, got 0"),
        ({"rounds_a_dispatch": 0}, "rounds_a_dispatch must be a whole number from 1 on, got 0"),
        ({"method__accumulate": 3}, "cannot be accumulated in 3 equal parts"),
        ({"regularizers__rotation__fraction": 0.2}, "rotation with fraction 0.2 does not divide a batch of"),
        ({"log__num_samples": 0}, "num_samples must be a whole number from 1 on"),
        ({"log__every": 0}, "every must be a whole number from 1 on"),
        ({"data__source": "tfds", "data__name": "cifar10", "data__data_dir": "EMPTY"}, "download_and_prepare"),
    ],
)
def test_bad_input_is_refused_before_any_training(tiny, tmp_path, changes, says):
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "SIZES").mkdir()
    for i in (5, 12):
        Image.fromarray(np.zeros((i, i), np.uint8)).save(tmp_path / "SIZES" / f"{i}.png")
    changes = {k: str(tmp_path / v) if v in ("EMPTY", "SIZES") else v for k, v in changes.items()}
    with pytest.raises((ValueError, OSError), match=says):
        Training(tiny(**changes), tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


def test_packs_and_taps_that_do_not_fit_are_refused_before_any_training(tiny, tmp_path):
    config = tiny()
    inner = config.discriminator.to_dict()
    with config.ignore_type(), config.unlocked():
        config.discriminator = ConfigDict({"type": "packed.Packed", "m": 3, "discriminator": inner})
        del config.regularizers.rotation
    with pytest.raises(ValueError, match="packs of m=3 do not divide a batch of"):
        Training(config, tmp_path / "run")
    task = {"type": "latent_transform.latent_transform", "weight_g": 1.0, "sigma_eps": 0.5, "tap": "block9"}
    with config.ignore_type(), config.unlocked():
        config.discriminator = ConfigDict(inner)
        config.regularizers.latent_transform = ConfigDict(task)
    with pytest.raises(ValueError, match="has no tap 'block9'; it has block0"):
        Training(config, tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_trace_behind_the_end_is_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match="--profile=12:14 begins behind the run's last round, 12"):
        Training(tiny(), tmp_path / "run", profile=(12, 14))
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_work_folder_that_is_a_file_is_refused(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="is a file"):
        Training(tiny(), tmp_path / "file")

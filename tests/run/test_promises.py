"""What docs/runs.md promises of a run in its folder."""

import errno
import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from gan_jax.run.state import restore
from gan_jax.run.training import Training, train
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.checkpoints.checkpoints import CheckpointError, CheckpointMisplaced
from gan_jax.runtime.lock import NAME, FolderInUse
from gan_jax.setup.construct import ConfigError


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def listing(folder):
    """Every file below a folder, and its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def play(config, folder, until=None, **options):
    with Training(config, folder, **options) as run:
        run.play(until)
        return run.step


@pytest.fixture(scope="module")
def played(tmp_path_factory, make_small):
    """The folder of a run of 12 rounds that was stopped at 9."""
    folder = tmp_path_factory.mktemp("played") / "run"
    play(make_small(), folder, 9)
    return folder


@pytest.fixture
def nine(played, tmp_path):
    """A copy of that folder."""
    return Path(shutil.copytree(played, tmp_path / "run"))


# --- one run in a folder


def test_a_second_start_is_refused_and_changes_nothing(small, tmp_path):
    with Training(small(), tmp_path) as run:
        run.play(3)
        before = listing(tmp_path)
        with pytest.raises(FolderInUse, match="is open in this process: close it first"):
            train(small(), tmp_path)
        assert listing(tmp_path) == before
        assert restore(tmp_path).step == 3  # sampled and scored meanwhile
        run.play()
    assert not (tmp_path / NAME).exists()


def test_a_start_that_fails_leaves_neither_lock_nor_empty_folder(small, tmp_path):
    config = small()
    config.data.name = "spiral"
    with pytest.raises(ValueError, match="spiral"):
        Training(config, tmp_path / "runs" / "new")
    assert not list(tmp_path.iterdir())


def test_a_run_whose_folder_was_taken_over_stops(small, tmp_path):
    with Training(small(), tmp_path) as run:
        run.play(3)
        run._lock._lost.set()
        with pytest.raises(FolderInUse, match="has taken over"):
            run.play()
    assert lines(tmp_path)[-1]["step"] == 3


def test_a_run_whose_lock_was_removed_stops_before_it_writes_beside_another(small, tmp_path):
    with Training(small(), tmp_path) as run:
        run.play(3)
        (tmp_path / NAME).unlink()
        with Training(small(), tmp_path) as other:
            other.play(4)
            before = listing(tmp_path)
            with pytest.raises(FolderInUse, match="or its lock.json was removed"):
                run.play()
            assert listing(tmp_path) == before
            other.play()
        assert lines(tmp_path)[-1]["step"] == other.steps


# --- nothing is overwritten that could not be read


def test_checkpoints_that_are_gone_do_not_begin_the_run_anew(small, nine):
    shutil.rmtree(nine / "checkpoints")
    before = listing(nine)
    with pytest.raises(
        CheckpointError, match="has written checkpoints, its metrics.jsonl goes to round 9, and no checkpoint"
    ):
        Training(small(), nine)
    assert listing(nine) == before


def test_checkpoints_without_manifests_do_not_either(small, nine):
    for manifest in (nine / "checkpoints").glob("*/manifest.json"):
        manifest.unlink()
    before = listing(nine)
    with pytest.raises(CheckpointError, match="can be loaded"):
        Training(small(), nine)
    assert listing(nine) == before


def test_a_folder_without_its_config_is_refused(small, nine):
    (nine / "config.json").unlink()
    before = listing(nine)
    with pytest.raises(CheckpointError, match="and no config.json"):
        Training(small(), nine)
    assert listing(nine) == before
    shutil.rmtree(nine / "checkpoints")
    with pytest.raises(CheckpointError, match="and no config.json"):
        Training(small(), nine)


def test_following_the_advice_begins_anew_and_loses_nothing(small, nine):
    """Every refusal gives the same one."""
    advice = "to begin anew, name another --workdir, or move this one away as a whole"
    shutil.copytree(nine, nine.parent / "whole")
    for harm in ("config.json", "checkpoints", "*/*/manifest.json"):
        broken = Path(shutil.copytree(nine.parent / "whole", nine.parent / "broken"))
        for path in broken.glob(harm):
            path.rename(nine.parent / "out") if path.is_dir() else path.unlink()
        with pytest.raises(CheckpointError, match=advice):
            Training(small(), broken)
        shutil.rmtree(broken)
        shutil.rmtree(nine.parent / "out", ignore_errors=True)
    with pytest.raises(ConfigError, match=advice):
        Training(small(seed=1), nine)
    before = listing(nine)
    nine.rename(nine.parent / "away")
    assert play(small(seed=1), nine, 3) == 3 and play(small(seed=1), nine.parent / "other", 3) == 3
    assert listing(nine.parent / "away") == before


def test_a_checkpoint_that_lost_its_manifest_is_set_aside(small, nine, capsys):
    (nine / "checkpoints" / "9" / "manifest.json").unlink()
    before = listing(nine / "checkpoints" / "9")
    assert play(small(), nine) == 12
    assert "is set aside as 9.damaged" in capsys.readouterr().err
    assert listing(nine / "checkpoints" / "9.damaged") == before


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "scores.jsonl", NAME])
def test_a_folder_in_the_place_of_a_file_is_named_and_nothing_is_written(small, nine, name):
    scored = lambda: small(evaluate={"every": 6, "during": ("swd",)})
    (nine / name).unlink(missing_ok=True)
    (nine / name).mkdir()
    before = listing(nine)
    with pytest.raises((ConfigError, OSError, ValueError), match=rf"{name} (cannot be read|is a folder)"):
        Training(scored(), nine)
    assert listing(nine) == before and (nine / name).is_dir()


def test_what_is_gone_between_two_starts_is_said(small, nine, capsys):
    Training(small(), nine).close()
    assert "metrics.jsonl" not in capsys.readouterr().err
    (nine / "metrics.jsonl").unlink()
    config = json.loads((nine / "config.json").read_text())
    del config["found"]
    (nine / "config.json").write_text(json.dumps(config))
    with Training(small(), nine) as run:
        run.play(10)
    said = capsys.readouterr().err
    assert "metrics.jsonl is not there: it is begun anew, with the lines of the rounds after step 9" in said
    assert "config.json does not say which data the run was begun with" in said
    Training(small(), nine).close()
    said = capsys.readouterr().err
    assert "is not there" not in said and "does not say" not in said


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_config_that_is_none_is_named(small, nine, content):
    (nine / "config.json").write_text(content)
    with pytest.raises(ConfigError, match="config.json is not what a run writes"):
        Training(small(), nine)
    assert (nine / "config.json").read_text() == content


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(small, tmp_path):
    play(small(), tmp_path, 2)
    shutil.rmtree(tmp_path / "checkpoints")  # as if the save had never been begun
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["run"]["saved"]
    (tmp_path / "config.json").write_text(json.dumps({**config, "run": {**config["run"], "saved": False}}))
    assert play(small(), tmp_path, 1) == 1


def test_a_folder_of_an_earlier_version_is_judged_by_its_log(small, nine):
    config = json.loads((nine / "config.json").read_text())
    del config["run"], config["found"]["data"]
    (nine / "config.json").write_text(json.dumps(config))
    for manifest in (nine / "checkpoints").glob("*/manifest.json"):
        content = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({"sha256": content["sha256"]}))
    shutil.copytree(nine, nine.parent / "copy")
    assert play(small(), nine) == 12
    shutil.rmtree(nine.parent / "copy" / "checkpoints")
    with pytest.raises(CheckpointError, match="has written checkpoints"):
        Training(small(), nine.parent / "copy")


# --- a checkpoint is what its place says


def test_swapped_copied_and_renamed_checkpoints_are_refused(small, nine):
    at = lambda step: nine / "checkpoints" / str(step)
    at(9).rename(at(8))
    with pytest.raises(CheckpointMisplaced, match="8 holds the checkpoint of step 9"):
        Training(small(), nine)
    at(6).rename(at(9))
    at(8).rename(at(6))
    for read in (lambda: Training(small(), nine), lambda: restore(nine, 6)):
        with pytest.raises(CheckpointMisplaced, match="holds the checkpoint of step"):
            read()


def test_a_renamed_checkpoint_of_an_earlier_version_is_known_by_its_state(small, nine):
    (nine / "checkpoints" / "9").rename(nine / "checkpoints" / "11")
    manifest = nine / "checkpoints" / "11" / "manifest.json"
    manifest.write_text(json.dumps({"sha256": json.loads(manifest.read_text())["sha256"]}))
    with pytest.raises(CheckpointMisplaced, match="11 holds the checkpoint of step 9"):
        Training(small(), nine)


def test_another_runs_checkpoint_is_refused_and_a_whole_copied_folder_goes_on(small, nine, tmp_path):
    play(small(seed=1), tmp_path / "other", 12)
    shutil.copytree(nine, tmp_path / "copy")
    shutil.copytree(tmp_path / "other" / "checkpoints" / "12", nine / "checkpoints" / "12")
    for read in (lambda: Training(small(), nine), lambda: restore(nine)):
        with pytest.raises(CheckpointMisplaced, match="12 is of another run"):
            read()
    assert play(small(), tmp_path / "copy") == 12


# --- the data


def test_data_that_changed_are_refused_and_accepted_on_purpose(small, nine, capsys, monkeypatch):
    monkeypatch.setattr("gan_jax.run.work_folder.fingerprint", lambda source: {"content": "another"})
    before = listing(nine)
    with pytest.raises(ConfigError, match=r"(?s)the data are not those.*the content\n.*--accept_new_data"):
        Training(small(), nine)
    assert listing(nine) == before
    assert play(small(), nine, 10, accept_new_data=True) == 10
    assert "the data are others than before (the content): accepted" in capsys.readouterr().err
    Training(small(), nine).close()  # known from now on


# --- the folder goes while the run plays


def test_a_folder_that_is_removed_ends_the_run_with_an_error(small, tmp_path):
    folder = tmp_path / "run"
    with Training(small(), folder) as run:
        run.play(4)
        shutil.rmtree(folder)
        with pytest.raises(
            FileNotFoundError, match="the work folder was removed, renamed or emptied while the run played"
        ):
            run.play()
    assert not (folder / "config.json").exists() and not (folder / "checkpoints").exists()


def test_a_folder_that_is_renamed_goes_on_where_it_was_moved_to(small, tmp_path):
    with Training(small(), tmp_path / "run") as run:
        run.play(4)
        (tmp_path / "run").rename(tmp_path / "moved")
        with pytest.raises(FileNotFoundError, match="config.json is gone"):
            run.play()
    (tmp_path / "moved" / NAME).unlink(missing_ok=True)  # its owner is this very process
    assert play(small(), tmp_path / "moved") == 12
    assert [line["step"] for line in lines(tmp_path / "moved") if "d/total" in line] == list(range(1, 13))


def test_a_folder_that_is_moved_away_while_something_is_written_is_not_made_anew(small, tmp_path, monkeypatch, capsys):
    from gan_jax.run import pictures
    from gan_jax.runtime.checkpoints.folders import Folders

    folder, moved = tmp_path / "run", tmp_path / "moved"

    def and_then(sound):  # the folder goes between the last look and the write
        def call(*args):
            folder.rename(moved)
            return sound(*args)

        return call

    for until, place, name in ((6, pictures, "fetch"), (3, Folders, "prepare"), (3, Folders, "seal")):
        with (
            pytest.raises(FileNotFoundError, match="config.json is gone: the work folder was removed, renamed"),
            Training(small(), folder) as run,
        ):
            run.play(2)
            monkeypatch.setattr(place, name, and_then(getattr(place, name)))
            run.play(until)
        monkeypatch.undo()
        assert not folder.exists() and "disk" not in capsys.readouterr().err
        shutil.rmtree(moved)


def test_a_log_that_is_removed_is_begun_anew_with_a_word(small, tmp_path, capsys):
    with Training(small(), tmp_path) as run:
        run.play(4)
        (tmp_path / "metrics.jsonl").unlink()
        run.play()
    assert "metrics.jsonl was removed or replaced" in capsys.readouterr().err
    assert [line["step"] for line in lines(tmp_path) if "d/total" in line] == list(range(5, 13))


# --- writes that fail


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_pictures_and_curves_that_cannot_be_written_stop_no_run(small, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("gan_jax.run.pictures.scatter_png", full)
    monkeypatch.setattr("tensorboardX.record_writer.RecordWriter.write", full)
    monkeypatch.setattr("gan_jax.run.diary.append_scores", full)
    assert play(small(evaluate={"every": 6, "during": ("swd",)}), tmp_path) == 12
    told = capsys.readouterr().err
    for what in ("a picture", "TensorBoard's curves and pictures"):
        assert told.count(f"{what} could not be written") == 1, told
    assert len([line for line in lines(tmp_path) if "d/total" in line]) == 12


def test_a_log_that_cannot_be_written_ends_the_run_and_loses_nothing(small, nine, monkeypatch):
    with Training(small(), nine) as run:
        run._diary._log._metrics_file.close()
        monkeypatch.setattr("gan_jax.runtime.writers.metrics_file.json.dumps", full)
        with pytest.raises(OSError, match="No space left"):
            run.play()
    monkeypatch.undo()
    assert play(small(), nine) == 12
    assert [line["step"] for line in lines(nine) if "d/total" in line] == list(range(1, 13))


# --- longer, and shorter


def test_a_longer_run_asks_what_becomes_of_its_schedules(small, tmp_path, capsys):
    follows = lambda steps: small(None, steps=steps)
    play(follows(6), tmp_path)
    before = listing(tmp_path)
    with pytest.raises(
        ConfigError, match=r"(?s)transition_steps: 6 there, 9 here.*--schedule=keep.*--schedule=stretch"
    ):
        Training(follows(9), tmp_path)
    assert listing(tmp_path) == before
    assert play(follows(9), tmp_path, 7, schedule="keep") == 7
    told = capsys.readouterr()
    said = told.err
    assert re.search(r"schedules stay as they were: .*optim.generator.learning_rate.transition_steps 6", told.out)
    assert "the learning rate of " in said and " is 0 from round 6 on" in said and "--schedule=stretch" in said
    length = lambda: read_config(tmp_path)["optim"]["generator"]["learning_rate"]["transition_steps"]
    Training(follows(9), tmp_path, schedule="keep").close()  # the same command
    Training(read_config(tmp_path), tmp_path).close()  # the folder's own config
    assert length() == 6
    capsys.readouterr()
    assert play(follows(9), tmp_path, schedule="stretch") == 9
    said = capsys.readouterr()
    assert "learning rate" not in said.err and length() == 9
    assert "transition_steps 6 -> 9" in said.out


def test_a_run_that_has_ended_says_so(small, tmp_path, capsys):
    train(small(), tmp_path)
    capsys.readouterr()
    train(small(), tmp_path)
    said = capsys.readouterr()
    assert "already finished at step 12; longer: --config.steps=N --schedule=stretch" in said.out + said.err


def test_schedules_of_a_run_that_has_ended_are_what_they_were(small, tmp_path, capsys):
    follows = lambda steps: small(None, steps=steps)
    play(follows(6), tmp_path)
    play(follows(9), tmp_path, schedule="keep")
    before = listing(tmp_path)
    with pytest.raises(ConfigError, match="has ended, and other schedules would play nothing"):
        Training(follows(9), tmp_path, schedule="stretch")
    assert listing(tmp_path) == before
    Training(follows(9), tmp_path, schedule="keep").close()
    capsys.readouterr()
    Training(read_config(tmp_path), tmp_path, schedule="stretch").close()
    said = capsys.readouterr()
    assert "--schedule=stretch changes nothing" in said.out


def test_steps_below_the_checkpoint_are_told_what_to_do(small, nine):
    with pytest.raises(ValueError, match=r"step 9, beyond the 6 steps of this run. Set steps to 9 or more to go on"):
        Training(small(steps=6), nine)


# --- stopped


def test_finished_is_said_only_where_the_last_round_was_played(small, tmp_path, capsys, monkeypatch):
    """A signal that another process received: this one's flag stays down."""
    monkeypatch.setattr("gan_jax.runtime.processes.signals.largest_of_all", lambda own: signal.SIGTERM)
    assert train(small(), tmp_path) == "SIGTERM"
    said = capsys.readouterr().out
    assert "stopped by SIGTERM at step 0" in said and "finished at" not in said
    monkeypatch.undo()
    assert train(small(), tmp_path) is None
    assert "finished at step 12" in capsys.readouterr().out


@pytest.mark.parametrize("at", [2, 7], ids=["before the first save", "later"])
def test_a_second_ctrl_c_says_what_is_saved(small, tmp_path, capsys, monkeypatch, at):
    from gan_jax.run.dispatch import Player

    sound = Player.__call__

    def interrupted(self, state, dispatch):
        if int(state.step) == at:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return sound(self, state, dispatch)

    monkeypatch.setattr(Player, "__call__", interrupted)
    assert train(small(), tmp_path) == "SIGINT"
    said = capsys.readouterr()
    saved = "begins at round 0: none is saved" if at == 2 else "goes on from step 6, the newest that is saved"
    assert f"stopped at once by Ctrl-C; the same command {saved}" in said.err
    assert "Traceback" not in said.err and "finished at" not in said.out
    assert not (tmp_path / NAME).exists()


def test_a_checkpoint_that_is_being_written_is_passed_over_without_alarm(nine, capsys):
    (nine / "checkpoints" / "9" / "manifest.json").unlink()
    assert restore(nine).step == 6
    assert "it is incomplete: it is still being written, or its run stopped meanwhile" in capsys.readouterr().err

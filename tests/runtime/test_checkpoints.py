import gc
import shutil
import sys
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from etils import epath

from gan_jax.runtime.checkpoints.checkpoints import (
    CheckpointError,
    CheckpointMismatch,
    CheckpointMisplaced,
    Checkpoints,
)
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import make_mesh, state_template


@pytest.fixture
def template(make_state):
    return jax.eval_shape(lambda: make_state(0))


@pytest.fixture
def three(tmp_path, make_state):
    """Checkpoints of steps 1, 2, 3, whose state is make_state(step)."""
    with Checkpoints(tmp_path / "run") as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, make_state(step))
    return checkpoints


def data_file(checkpoints, step):
    """The file with the arrays' bytes: the largest."""
    files = [path for path in Path(checkpoints.directory, str(step), "state").rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_size)


def test_a_state_comes_back_to_the_bit_and_in_its_structure(three, template, make_state):
    step, state = three.restore(template)
    assert step == 3 and state_digest(state) == state_digest(make_state(3))
    assert jax.tree.structure(state) == jax.tree.structure(make_state(3))
    assert [leaf.dtype for leaf in jax.tree.leaves(state)] == [leaf.dtype for leaf in jax.tree.leaves(template)]
    np.testing.assert_array_equal(jax.random.normal(state.key, 3), jax.random.normal(make_state(3).key, 3))
    step, state = three.restore(template, step=2)
    assert step == 2 and state_digest(state) == state_digest(make_state(2))


def test_an_empty_place_has_nothing_to_restore(tmp_path, template):
    assert Checkpoints(tmp_path / "none").restore(template) is None
    assert Checkpoints(tmp_path).steps() == []


def test_arrays_may_be_donated_as_soon_as_save_returns(tmp_path):
    overwrite = jax.jit(lambda tree: jax.tree.map(lambda leaf: leaf * 0 - 1, tree), donate_argnums=0)
    with Checkpoints(tmp_path, keep=9) as checkpoints:
        digests = {}
        for step in range(5):
            state = {"w": [jax.random.normal(jax.random.key(10 * step + i), (500, 500)) for i in range(4)]}
            digests[step] = state_digest(state)
            checkpoints.save(step, state)
            for _ in range(3):
                state = overwrite(state)
            jax.block_until_ready(state)
        for step, digest in digests.items():
            assert state_digest(checkpoints.restore(jax.eval_shape(lambda tree: tree, state), step)[1]) == digest


def test_the_newest_and_every_nth_are_kept(tmp_path):
    with Checkpoints(tmp_path, keep=2, keep_every=4) as checkpoints:
        for step in range(1, 8):
            checkpoints.save(step, {"x": jnp.full(3, step)})
        checkpoints.wait()
        assert checkpoints.steps() == [4, 6, 7]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["4", "6", "7"]
    with pytest.raises(ValueError, match="keep=0"):
        Checkpoints(tmp_path, keep=0)


def test_a_step_saved_again_is_replaced_and_later_history_goes(tmp_path):
    template = jax.eval_shape(lambda: {"x": jnp.zeros(3)})
    with Checkpoints(tmp_path) as checkpoints:
        for step, value in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 9.0)):
            checkpoints.save(step, {"x": jnp.full(3, value)})
        step, state = checkpoints.restore(template)
        assert (step, float(state["x"][0]), checkpoints.steps()) == (2, 9.0, [1, 2])


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "gone", "torn"])
def test_a_damaged_newest_is_named_and_passed_over(three, template, make_state, harm, capsys):
    path = data_file(three, 3)
    content = bytearray(path.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    changed = {"flip": content, "cut": content[: len(content) // 2], "empty": b""}
    if harm in changed:
        path.write_bytes(bytes(changed[harm]))
    else:
        (path if harm == "gone" else three.directory / "3" / "manifest.json").unlink()
    step, state = three.restore(template)
    assert step == 2 and state_digest(state) == state_digest(make_state(2))
    [line] = capsys.readouterr().err.splitlines()
    assert "3 is passed over, trying step 2" in line and ("incomplete" if harm == "torn" else path.name) in line
    three.save(3, make_state(3))  # the run goes on and gets there again
    assert three.restore(template)[0] == 3


def test_what_was_passed_over_as_damaged_is_set_aside_not_deleted(three, template, make_state):
    harmed = data_file(three, 3)
    harmed.write_bytes(b"?")
    assert three.restore(template)[0] == 2
    three.save(3, make_state(3))
    three.close()
    assert three.restore(template)[0] == 3 and three.steps() == [1, 2, 3]
    aside = Path(three.directory, "3.damaged", harmed.relative_to(Path(three.directory, "3")))
    assert aside.read_bytes() == b"?"


def test_another_step_or_run_in_its_place_is_refused_and_stays(three, template, make_state, tmp_path):
    folder = lambda step, run="run": tmp_path / run / str(step)
    shutil.copytree(folder(3), folder(9))  # copied
    with pytest.raises(
        CheckpointMisplaced, match="9 holds the checkpoint of step 3: it was renamed or copied. Nothing"
    ):
        three.restore(template)
    shutil.rmtree(folder(9))
    folder(3).rename(folder(7))  # renamed
    with pytest.raises(CheckpointMisplaced, match="7 holds the checkpoint of step 3"):
        three.restore(template)
    folder(1).rename(folder(3))  # swapped
    folder(7).rename(folder(1))
    for step in (None, 1, 3):
        with pytest.raises(CheckpointMisplaced, match="holds the checkpoint of step"):
            three.restore(template, step)
    assert sorted(int(path.name) for path in (tmp_path / "run").iterdir()) == [1, 2, 3]
    with Checkpoints(tmp_path / "other", run="b") as other:
        other.save(4, make_state(4))
    assert Checkpoints(tmp_path / "other", run="b").restore(template)[0] == 4
    assert Checkpoints(tmp_path / "other").restore(template)[0] == 4  # nobody asks
    with pytest.raises(
        CheckpointMisplaced, match=r"4 is of another run \(b\) than this folder \(a\): it was copied here"
    ):
        Checkpoints(tmp_path / "other", run="a").restore(template)
    assert Checkpoints(tmp_path / "run", run="a").restore(template, 2)[0] == 2  # of a version that named no run


def test_where_all_manifests_are_gone_nothing_is_taken_for_a_first_save(three, template):
    for step in (1, 2, 3):
        (three.directory / str(step) / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match="no checkpoint in .* can be loaded"):
        three.restore(template)
    assert sorted(path.name for path in three.directory.iterdir()) == ["1", "2", "3"]


def test_what_first_saves_left_that_were_cut_short_goes_with_the_next(tmp_path, template, make_state):
    """Else two of them would look like checkpoints whose manifests somebody removed."""
    for step in (5, 4):
        with Checkpoints(tmp_path) as checkpoints:
            assert checkpoints.restore(template) is None
            checkpoints.save(step, make_state(step))
        assert [path.name for path in tmp_path.iterdir()] == [str(step)]
        (tmp_path / str(step) / "manifest.json").unlink()
        (tmp_path / str(step) / "state").rename(tmp_path / str(step) / "state.partial")


@pytest.mark.parametrize("alone", [True, False])
def test_a_checkpoint_that_lost_its_manifest_is_set_aside(tmp_path, template, make_state, capsys, alone):
    with Checkpoints(tmp_path) as checkpoints:
        for step in (2,) if alone else (1, 2):
            checkpoints.save(step, make_state(step))
    before = (tmp_path / "2" / "manifest.json").read_bytes()
    (tmp_path / "2" / "manifest.json").unlink()
    with Checkpoints(tmp_path) as again:
        found = again.restore(template)
        assert found is None if alone else found[0] == 1
        again.save(2, make_state(3))
    assert "2, which could not be read, is set aside as 2.damaged" in capsys.readouterr().err
    (tmp_path / "2.damaged" / "manifest.json").write_bytes(before)  # put back: nothing was lost
    shutil.rmtree(tmp_path / "2")
    (tmp_path / "2.damaged").rename(tmp_path / "2")
    assert state_digest(Checkpoints(tmp_path).restore(template)[1]) == state_digest(make_state(2))


def test_a_folder_that_is_moved_away_during_a_save_is_told_as_that(tmp_path, make_state, monkeypatch):
    """Its writers make the old place anew; nothing of that stays."""
    (tmp_path / "run").mkdir()

    def require_there():
        if not (tmp_path / "run" / "config.json").exists():
            raise FileNotFoundError("the folder is gone")

    class Response:
        def result(self):
            (tmp_path / "run").rename(tmp_path / "moved")
            (tmp_path / "run" / "checkpoints" / "1").mkdir(parents=True)

    monkeypatch.setattr("gan_jax.runtime.checkpoints.checkpoints.ocp.save_async", lambda folder, arrays: Response())
    (tmp_path / "run" / "config.json").write_text("{}")
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints", require_there=require_there)
    checkpoints.save(1, make_state(1))
    with pytest.raises(FileNotFoundError, match="the folder is gone"):
        checkpoints.close()
    with pytest.raises(FileNotFoundError, match="the folder is gone"):
        checkpoints.save(2, make_state(2))
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]


def test_an_interrupted_save_leaves_no_word_of_its_coroutines(tmp_path, make_state, monkeypatch):
    async def write():
        pass

    def interrupted(folder, arrays):
        begun_never = [write(), write()]
        raise KeyboardInterrupt(len(begun_never))

    monkeypatch.setattr("gan_jax.runtime.checkpoints.checkpoints.ocp.save_async", interrupted)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            Checkpoints(tmp_path / "checkpoints").save(1, make_state(1))
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("the interrupt went unnoticed")
        gc.collect()
        write()  # anybody else's is told of
        gc.collect()
    assert len([each for each in told if "never awaited" in str(each.message)]) == 1


def test_a_save_that_finds_no_room_to_begin_leaves_nothing(tmp_path, make_state, monkeypatch):
    write = epath.Path.write_text

    def full(path, text):
        write(path, "")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(epath.Path(tmp_path)), "write_text", full)
    with pytest.raises(CheckpointError, match="step 1 could not be written"):
        Checkpoints(tmp_path / "run").save(1, make_state(1))
    assert not list(tmp_path.glob("run/*"))


def test_a_write_that_ends_after_a_failed_save_is_not_told_of_again(tmp_path, make_state, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, make_state(1))
    for error in (RuntimeError("Event loop is closed"), RuntimeError("another")):
        sys.unraisablehook(SimpleNamespace(exc_value=error))
    assert [str(each.exc_value) for each in told] == ["another"]


def test_a_save_that_failed_leaves_nothing_though_others_of_its_writers_go_on(tmp_path, make_state, monkeypatch):
    """One writer's failure ends the save; the others make their files, and their folders anew, for a while."""
    checkpoints, threads = Checkpoints(tmp_path), []

    def write_late(folder):
        for number in range(40):
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"late_{number}").write_text("x")
            time.sleep(0.01)

    class Response:
        def __init__(self, folder):
            threads.append(threading.Thread(target=write_late, args=(folder,)))
            threads[0].start()

        def result(self):
            time.sleep(0.05)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "gan_jax.runtime.checkpoints.checkpoints.ocp.save_async", lambda folder, arrays: Response(folder)
    )
    checkpoints.save(1, make_state(1))
    with pytest.raises(CheckpointError, match="step 1 could not be written"):
        checkpoints.close()
    threads[0].join()
    assert not (tmp_path / "1").exists()


def test_a_first_save_that_was_cut_short_is_no_checkpoint(tmp_path, template, make_state, capsys):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(5, make_state(5))
    (tmp_path / "5" / "manifest.json").unlink()
    (tmp_path / "notes").mkdir()
    (tmp_path / "007").mkdir()
    assert checkpoints.restore(template) is None
    assert "5 is passed over, none is left: it is incomplete" in capsys.readouterr().err


def test_where_all_are_damaged_the_run_does_not_start_afresh(three, template, capsys):
    for step in (1, 2, 3):
        data_file(three, step).write_bytes(b"?")
    with pytest.raises(CheckpointError, match="no checkpoint in .* can be loaded"):
        three.restore(template)
    assert len(capsys.readouterr().err.splitlines()) == 3
    with pytest.raises(CheckpointError, match="step 3 that was asked for"):
        three.restore(template, step=3)
    with pytest.raises(CheckpointError, match=r"step 7 that was asked for(?s:.*)\[1, 2, 3\]"):
        three.restore(template, step=7)


def test_another_model_is_an_error_that_lists_leaves_not_damage(three, make_state, template, capsys):
    with pytest.raises(CheckpointMismatch) as error:
        three.restore(jax.eval_shape(lambda: make_state(0, width=16)))
    assert "params.Dense_0.kernel: stored float32[4,8], wanted float32[4,16]" in str(error.value)
    fewer = template.replace(memory={})
    with pytest.raises(CheckpointMismatch, match="memory.empty: stored float32.0,3., wanted nothing"):
        three.restore(fewer)
    assert capsys.readouterr().err == ""


def test_a_place_that_cannot_be_written_is_an_error_with_advice(tmp_path, make_state):
    (tmp_path / "file").write_text("")
    checkpoints = Checkpoints(tmp_path / "file" / "run")
    with pytest.raises(CheckpointError, match="step 1 could not be written to .*file/run .*Check that the path"):
        checkpoints.save(1, make_state(1))
    checkpoints.close()


FULL = """
import resource, signal, sys, jax
from conftest import state_of
from gan_jax.runtime.checkpoints.checkpoints import CheckpointError, Checkpoints
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpoints = Checkpoints(sys.argv[1])
checkpoints.save(1, state_of(1, width=8))
checkpoints.wait()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # a write fails in the background, as on a full disk
state = state_of(2, width=200_000)
checkpoints.save(2, state)
for attempt in (checkpoints.wait, lambda: (checkpoints.save(2, state), checkpoints.close())):
    try:
        attempt()
    except CheckpointError as error:
        assert "step 2 could not be written" in str(error) and "disk is not full" in str(error), error
    else:
        raise AssertionError("the failure went unnoticed")
assert checkpoints.steps() == [1] and not (checkpoints.directory / "2").exists()
assert checkpoints.restore(jax.eval_shape(lambda: state_of(1)))[0] == 1
"""


def test_a_failure_in_the_background_is_raised_and_its_files_removed(tmp_path, run_program):
    run_program(FULL, tmp_path / "run")


EIGHT = """
import sys, jax
from conftest import state_of
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import *
mesh = make_mesh(-1, 2)
template = state_template(jax.eval_shape(lambda: state_of(3)), mesh)
with Checkpoints(sys.argv[1]) as checkpoints:
    found = checkpoints.restore(template)
    if found is None:
        shardings = jax.tree.map(lambda leaf: leaf.sharding, template)
        state = jax.jit(lambda: state_of(3), out_shardings=shardings)()
        checkpoints.save(1, state)
    else:
        step, state = found
        assert step == 2
        for leaf, wanted in zip(jax.tree.leaves(state), jax.tree.leaves(template), strict=True):
            assert leaf.sharding.is_equivalent_to(wanted.sharding, leaf.ndim), (leaf.sharding, wanted)
    assert len(state.networks["generator"].params["Dense_0"]["kernel"].sharding.device_set) == 8
    print(state_digest(state))
"""


def test_eight_devices_to_one_and_back(tmp_path, run_program, template):
    digest = run_program(EIGHT, tmp_path, devices=8).strip()
    one = make_mesh(1, 1, devices=jax.devices()[:1])
    with Checkpoints(tmp_path) as checkpoints:
        step, state = checkpoints.restore(state_template(template, one))
        assert step == 1 and state_digest(state) == digest
        assert {leaf.sharding.mesh for leaf in jax.tree.leaves(state)} == {one}
        checkpoints.save(2, state)
    assert run_program(EIGHT, tmp_path, devices=8).strip() == digest

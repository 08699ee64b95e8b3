"""Reading weights: the formats, and files that hold something else. Nothing of a file is executed."""

import argparse
import json
import pickle

import numpy as np
import pytest

from gan_jax.foreign.state_dict import read_state_dict

STATE = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.count": np.array(3, np.int64)}


def safetensors(path, entries, data):
    header = json.dumps({"__metadata__": {"format": "pt"}, **entries}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


def test_npz_is_read(tmp_path):
    np.savez(tmp_path / "w.npz", **STATE)
    read = read_state_dict(tmp_path / "w.npz")
    assert read.keys() == STATE.keys()
    np.testing.assert_array_equal(read["a.weight"], STATE["a.weight"])


def test_npz_with_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ValueError, match="cannot be read as arrays: .*allow_pickle=False"):
        read_state_dict(tmp_path / "w.npz")


def test_safetensors_are_read(tmp_path):
    whole, half = np.array([[1, -2], [3, 4.5]], "<f4"), np.array([1.5, -2], "<f2")
    brain = (np.array([1.0, -3.0], "<f4").view("<u4") >> 16).astype("<u2")  # bfloat16: both are exact
    data = whole.tobytes() + half.tobytes() + brain.tobytes()
    entries = {
        "whole": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "half": {"dtype": "F16", "shape": [2], "data_offsets": [16, 20]},
        "brain": {"dtype": "BF16", "shape": [2], "data_offsets": [20, 24]},
    }
    read = read_state_dict(safetensors(tmp_path / "w.safetensors", entries, data))
    assert {array.dtype for array in read.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(read["whole"], whole)
    np.testing.assert_array_equal(read["half"], [1.5, -2])
    np.testing.assert_array_equal(read["brain"], [1, -3])


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 16]},
        {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4]},
    ],
)
def test_broken_safetensors_are_refused(tmp_path, entry):
    path = safetensors(tmp_path / "w.safetensors", {"a": entry}, bytes(16))
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        read_state_dict(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        read_state_dict(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no weights file .*w.pth"):
        read_state_dict(tmp_path / "w.pth")


class Executed:
    """Pickled, this would run a command when it is loaded."""

    def __reduce__(self):
        return (print, ("executed",))


def test_pytorchs_files_are_read_without_executing(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.from_numpy(array.copy()) for name, array in STATE.items()}
    beside = {"model_state_dict": tensors, "optimizer_state_dict": {"state": {}, "lr": 0.1}, "global_step": 3}
    wrapped = {f"module.{name}": tensor for name, tensor in tensors.items()}
    for i, (state, zipped) in enumerate([(tensors, True), (tensors, False), (beside, True), (wrapped, True)]):
        path = tmp_path / f"{i}.pth"
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        read = read_state_dict(path)
        assert read.keys() == STATE.keys()
        np.testing.assert_array_equal(read["a.weight"], STATE["a.weight"])
    torch.save({"a": 1}, path)
    with pytest.raises(ValueError, match="is no state dict"):
        read_state_dict(path)
    for write in (lambda: torch.save({"a": Executed()}, path), lambda: path.write_bytes(pickle.dumps(Executed()))):
        write()
        with pytest.raises(ValueError, match="cannot be read as PyTorch weights"):
            read_state_dict(path)
    assert "executed" not in capsys.readouterr().out


def test_checkpoint_of_several_networks_is_read_by_player(tmp_path):
    torch = pytest.importorskip("torch")
    named = lambda value: {"a": torch.full((2,), value)}
    path = tmp_path / "c.pt"
    torch.save({"g": named(1.0), "d": named(2.0), "g_ema": named(3.0), "args": argparse.Namespace(size=8)}, path)
    for player, value in {"generator": 1, "discriminator": 2, "generator_ema": 3}.items():
        np.testing.assert_array_equal(read_state_dict(path, player)["a"], value)
    with pytest.raises(ValueError, match="is no state dict"):
        read_state_dict(path)
    torch.save({"models": {"generator_smooth": {"state_dict": named(4.0)}}}, path)
    np.testing.assert_array_equal(read_state_dict(path, "generator")["a"], 4)
    with pytest.raises(ValueError, match="or have them as 'model_state_dict' or 'd' or 'discriminator'"):
        read_state_dict(path, "discriminator")
    torch.save({"g": named(1.0), "args": Executed()}, path)
    with pytest.raises(ValueError, match="cannot be read as PyTorch weights"):
        read_state_dict(path, "generator")

import numpy as np
import pytest

from gan_jax.features.weights import load_weights, save_weights, weights_hash

VARIABLES = {
    "params": {"conv": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}, "bias": np.zeros(2, np.float16)}
}


def test_weights_come_back_with_their_facts_and_hash(tmp_path):
    written = save_weights(tmp_path / "deep" / "net.npz", VARIABLES, {"accuracy": 0.5, "classes": ["a", "b"]})
    weights = load_weights(tmp_path / "deep" / "net.npz")
    assert weights.facts == {"accuracy": 0.5, "classes": ["a", "b"]}
    assert weights.sha256 == written == weights_hash(VARIABLES)
    np.testing.assert_array_equal(weights.variables["params"]["conv"]["kernel"], VARIABLES["params"]["conv"]["kernel"])
    assert weights.variables["params"]["bias"].dtype == np.float16


@pytest.mark.parametrize(
    "other",
    [
        {"params": {"conv": {"kernel": VARIABLES["params"]["conv"]["kernel"]}, "gain": np.zeros(2, np.float16)}},
        {"params": {"conv": {"kernel": VARIABLES["params"]["conv"]["kernel"]}, "bias": np.zeros(2, np.float32)}},
        {"params": {"conv": {"kernel": VARIABLES["params"]["conv"]["kernel"] + 1}, "bias": np.zeros(2, np.float16)}},
    ],
)
def test_the_hash_tells_names_types_and_values_apart(other):
    assert weights_hash(other) != weights_hash(VARIABLES)


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        save_weights(tmp_path / "net.npz", VARIABLES, {"bad": object()})
    assert not list(tmp_path.iterdir())


def test_files_that_hold_no_weights_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights file"):
        load_weights(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match="must be an .npz that gan_jax wrote"):
        load_weights(tmp_path / "text.npz")
    np.savez(tmp_path / "arrays.npz", image=np.zeros(3))
    with pytest.raises(ValueError, match="has no facts.json"):
        load_weights(tmp_path / "arrays.npz")
    np.savez(tmp_path / "pickled.npz", **{"facts.json": np.array("{}"), "x": np.array([{}], object)})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_weights(tmp_path / "pickled.npz")

"""The sentence that ends a run whose numbers are no longer finite."""

from pathlib import Path

from gan_jax.run.divergence import TrainingDiverged, diverged, learns_no_more, not_finite

BAD = {"d/total": 1.0, "g/total": float("nan"), "g/norm": float("inf")}


class Saved:
    directory = Path("there")
    waited = False

    def __init__(self, steps):
        self._steps = steps

    def wait(self):
        self.waited = True

    def steps(self):
        assert self.waited  # for the one that is being written
        return self._steps


def test_what_is_not_finite_is_named():
    assert not_finite(BAD) == ["g/total", "g/norm"]
    assert not_finite({"d/total": -1e30}) == []


def test_the_error_says_which_number_where_and_what_remains():
    error = diverged(7, BAD, Saved([2, 6]))
    assert isinstance(error, TrainingDiverged)
    assert str(error).startswith(
        "round 7: g/total is nan (then g/norm). The last good checkpoint: step 6 in there. A smaller learning rate"
    )
    assert "none was written yet" in str(diverged(7, BAD, Saved([])))


def test_a_gradient_of_zero_is_told():
    assert learns_no_more(9, {"d/gradient_norm": 0.0, "g/gradient_norm": 0.1}).startswith(
        "round 9: d/gradient_norm is zero, so that player learns no more"
    )
    assert "g/gradient_norm" in learns_no_more(9, {"d/gradient_norm": 1e-9, "g/gradient_norm": 0.0})
    assert learns_no_more(9, {"d/gradient_norm": 1e-9}) is None

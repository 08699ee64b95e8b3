import pytest

from gan_jax.names import nearest, one_of


def test_the_nearest_name_is_suggested():
    assert nearest("hinje", ("hinge", "wasserstein")) == " (did you mean 'hinge'?)"
    assert nearest("xyz", ("hinge", "wasserstein")) == "" and nearest("hinge", ()) == ""
    assert nearest(7, ("hinge",)) == ""  # what a config holds may be no name at all


def test_one_of_says_what_is_known():
    one_of("ring", ("ring", "grid"), "toys: name")
    with pytest.raises(
        ValueError, match=r"^toys: name 'rings' is not known \(did you mean 'ring'\?\). Known: ring, grid.$"
    ):
        one_of("rings", iter(("ring", "grid")), "toys: name")
    with pytest.raises(ValueError, match="None is not known. Known: ring"):
        one_of(None, ("ring",), "toys: name")

"""A flag of evaluate that would change nothing is refused."""

import pytest

from gan_jax.command.errors import UsageError
from gan_jax.command.evaluating import pixel_range, refuse_what_is_not_used, refuse_what_no_recipe_uses
from gan_jax.command.parsing import parse
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.main import COMMANDS, find

DIGITS = {"digits": "classes"}


def given(*flags):
    return parse("evaluate", ["gan_jax", *flags], find, list(COMMANDS))


@pytest.mark.parametrize(
    ("flags", "unused"),
    [
        (("--images=a", "--reference=b", "--truncation=1"), "--images takes no --truncation"),
        (("--images=a", "--reference=b", "--weights=raw"), "--images takes no --weights"),
        (("--images=a", "--reference=b", "--workdir=c"), "--images takes no --workdir"),
        (("--images=a", "--reference=b", "--config=sngan_digits"), "--images takes no --config"),
        (("--workdir=a", "--reference=b"), "--workdir takes no --reference"),
        (("--workdir=a", "--out=b"), "--workdir takes no --out"),
        (("--compare=a,b", "--recipes=swd"), "--compare takes no --recipes"),
        (("--recipes=list", "--workdir=a"), "--recipes=list takes no --workdir"),
        (("--workdir=a", "--all", "--step=3"), "--step=N or --all, not both"),
    ],
)
def test_what_would_change_nothing_is_refused(flags, unused):
    with pytest.raises(UsageError, match=unused):
        refuse_what_is_not_used(given(*flags))


def test_what_is_used_passes():
    for flags in (
        ("--images=a", "--reference=b", "--out=c", "--images_range=0,1", "--seed=3", "--force"),
        ("--workdir=a", "--truncation=1", "--step=3", "--weights=raw"),
        ("--compare=a,b", "--force"),
        ("--recipes=list",),
    ):
        refuse_what_is_not_used(given(*flags))


@pytest.mark.parametrize(
    ("flags", "unused"),
    [
        (("--recipes=probe", "--truncation=1"), "--truncation is of samples, and probe draws none"),
        (("--recipes=probe", "--weights=raw"), "--weights is of samples"),
        (("--recipes=fd_digits,swd", "--extractor_weights=vgg16=a"), "fd_digits and swd does not look through it"),
    ],
)
def test_what_no_recipe_uses_is_refused(flags, unused):
    values = given("--workdir=a", *flags)
    with pytest.raises(UsageError, match=unused):
        refuse_what_no_recipe_uses(values, {name: find_recipe(name, DIGITS) for name in values.recipes})


def test_what_a_recipe_uses_passes():
    for flags in (
        ("--recipes=probe,swd", "--truncation=1"),
        ("--recipes=fid50k,swd", "--extractor_weights=inception_2015=a"),
    ):
        values = given("--workdir=a", *flags)
        refuse_what_no_recipe_uses(values, {name: find_recipe(name, DIGITS) for name in values.recipes})
    refuse_what_no_recipe_uses(given("--workdir=a", "--truncation=1"), {})


def test_a_range_is_two_numbers():
    assert pixel_range(given("--images=a", "--images_range=0,1").images_range) == (0.0, 1.0)
    assert pixel_range(None) is None
    for wrong in ("0", "0,1,2", "black,white"):
        with pytest.raises(UsageError, match=f"two numbers, such as 0,1, not {wrong}"):
            pixel_range(wrong.split(","))

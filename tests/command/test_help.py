"""--help shows a verb's own flags, in groups, with defaults."""

import pytest

from gan_jax.command.help import overview, page
from gan_jax.command.parsing import declared
from gan_jax.main import COMMANDS, find, main


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_page_shows_all_flags_of_a_verb_and_no_others(verb):
    flags = declared(verb, find)
    text = page(flags, "What it does.")
    assert text.startswith(f"gan_jax {verb}: What it does.")
    shown = {line.split("=")[0].split()[0] for line in text.splitlines() if line.startswith("  --")}
    names = {name for group in flags.groups.values() for name in group}
    assert {word.replace("[no]", "").removeprefix("--") for word in shown} - {"config.KEY"} == names
    assert all(title in text for title, group in flags.groups.items() if group)
    assert max(map(len, text.splitlines())) <= 110


def test_a_page_says_defaults_and_what_is_needed():
    text = page(declared("sample", find), "")
    assert "How many images. (default: 64)" in text
    assert "Of all chance. (default: 0)" in text
    assert "--weights=ema|raw" in text
    assert "(needed)" in page(declared("export", find), "")


def test_the_overview_has_a_line_for_each_verb():
    lines = overview("VERB", {"train": "Trains.", "sample": "Draws."}, "verb").splitlines()
    assert "  train   Trains." in lines and "  sample  Draws." in lines


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--help"], "gan_jax VERB --name=value"),
        (["sample", "--help"], "gan_jax sample: Images from a trained generator"),
        (["--mode=sample", "-h"], "gan_jax sample: Images from a trained generator"),
        (["train", "--workdir=x", "--help"], "gan_jax train: Training a run"),
        (["analyse", "--help"], "  analyse --tool=mixing         Mixing of styles"),
        (["analyse", "--tool=noise", "-h"], "gan_jax analyse --tool=noise: What the layers' noise changes"),
        (["--version"], "gan_jax 0."),
        (["configs"], " SS-GAN on real handwritten digits"),
        (["configs", "--by=method"], "\nss_lt\n  ss_lt_digits"),
    ],
)
def test_what_is_asked_for_is_printed(words, says, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", *words])
    assert ended.value.code == 0
    assert says in capsys.readouterr().out

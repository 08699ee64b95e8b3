"""What is typed becomes a verb and its values, or a sentence that says what to type."""

import pytest

from gan_jax.command.errors import UsageError
from gan_jax.command.parsing import declared, parse, split_verb
from gan_jax.main import VERBS, find
from gan_jax.setup.config_files import ConfigError

NEEDED = {  # what each verb cannot do without
    "train": ["--workdir=x"],
    "sample": ["--workdir=x"],
    "evaluate": [],
    "classifier": ["--config=sngan_digits", "--out=x.npz"],
    "sweep": ["--workdir=x"],
    "plan": ["--config=ssgan_digits", "--topology=cpu:2"],
    "import": ["--kind=mimicry", "--config=sngan_cifar10", "--workdir=x"],
    "configs": [],
}


def parsed(line):
    """The verb and values of a line of words."""
    verb, argv = split_verb(["gan_jax", *line.split()], list(VERBS))
    return verb, parse(verb or "train", argv, find, list(VERBS))


def refused(line):
    with pytest.raises(UsageError) as told:
        parsed(line)
    return str(told.value)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_what_it_needs_and_names_what_is_missing(verb):
    named, values = parsed(" ".join([verb, *NEEDED[verb]]))
    assert named == verb
    for i, word in enumerate(NEEDED[verb]):
        flag = word.partition("=")[0]
        rest = NEEDED[verb][:i] + NEEDED[verb][i + 1 :]
        assert f"{verb} needs {flag}, such as {flag}=" in refused(" ".join([verb, *rest]))


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_takes_anothers_flags(verb):
    own = {name for group in declared(verb, find).groups.values() for name in group}
    for other in VERBS:
        for name in (n for group in declared(other, find).groups.values() for n in group):
            if name not in own:
                said = refused(" ".join([verb, *NEEDED[verb], f"--{name}=1"]))
                assert said.startswith(f"--{name} belongs to ") and other in said and "\n" not in said


@pytest.mark.parametrize("verb", VERBS)
def test_advice_is_for_flags_of_other_verbs(verb):
    every = {n: other for other in VERBS for group in declared(other, find).groups.values() for n in group}
    own = {name for group in declared(verb, find).groups.values() for name in group}
    assert not find(verb).INSTEAD.keys() & own
    assert find(verb).INSTEAD.keys() <= every.keys()


@pytest.mark.parametrize(
    "line", ["sample --workdir=x --num=3", "--mode=sample --workdir=x --num=3", "--workdir=x --num 3 --mode sample"]
)
def test_a_verb_is_a_word_or_a_mode(line):
    verb, values = parsed(line)
    assert (verb, values.num, values.seed, values.weights) == ("sample", 3, 0, "ema")


def test_without_a_verb_it_trains():
    verb, values = parsed("--config=configs/ssgan_digits.py --workdir=x --config.steps=7")
    assert verb is None
    assert values.config.steps == 7
    assert values.profile is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--workdir=x --seed=7", "--seed belongs to sample, evaluate and classifier; for train: --config.seed=7"),
        ("--workdir=x --steps=50", "--steps belongs to classifier; for train: --config.steps=50"),
        ("--workdir=x --num=9", "for train: --config.log.num_samples=9"),
        ("--workdir=x --label=2", "--label belongs to sample, not to train; gan_jax train --help"),
        ("sweep --workdir=x --seed=1,2", "for sweep: --sweep=seed=1,2"),
        ("sample --workdir=x --steps=100", "for sample: --step=100"),
        ("plan --workdir=x", "for plan: --out=FILE.json"),
        ("sample --workdir=x --profile=1:2", "--profile belongs to train, not to sample"),
        ("train --workdir=x --noall", "--noall belongs to evaluate"),
        ("sample --workdir=x --nmu=3", "no flag --nmu (did you mean '--num'?)"),
        ("train --workdir=x --sede=3", "no flag --sede (did you mean '--seed'?)"),
        ("train --workdir=x --config=ssgan_digits --batch_size=8", "did you mean --config.batch_size=8?"),
        ("train --workdir=x --config=ssgan_digits --halvings=1", "did you mean --config.discriminator.halvings=1?"),
        ("train --workdir=x --zzzz", "there is no flag --zzzz; gan_jax train --help"),
        ("sample --workdir=x --num=many", "--num=many: a whole number is needed here"),
        ("sample --workdir=x --num=0", "--num=0: 0 is not a positive integer"),
        ("sample --workdir=x --truncation=low", "--truncation=low: a number is needed here"),
        ("sample --workdir=x --weights=best", "--weights=best: value should be one of <ema|raw>"),
        ("evaluate --all=perhaps", "--all=perhaps: true or false is needed here"),
        ("sample x", "unexpected words: x; the verb comes first"),
        ("configs --config.steps=3", "--config belongs to train"),
        ("dream", "dream: there is no such verb"),
        ("--mode=smaple", "--mode=smaple: there is no such verb (did you mean 'sample'?)"),
        ("sample --mode=train", "the verb is given twice, as sample and --mode=train"),
        ("train --workdir=x --config.steps=3", "--config.steps changes a setting of a config: name it too"),
        ("train --workdir=x --config", "--config needs a name or a file"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line, says):
    assert says in refused(line)


def test_all_flags_that_are_not_taken_are_told_at_once():
    said = refused("--mode=train --seed=1 --steps=50 --num=3 --label=2").splitlines()
    assert [line.split()[0] for line in said] == ["--seed", "--steps", "--num", "--label"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("stpes=3", "--config.stpes: the config has no 'stpes' (did you mean 'steps'?); it has batch_size, "),
        (
            "data.shpae=3",
            "--config.data.shpae: config.data has no 'shpae' (did you mean 'shape'?); it has attributes, ",
        ),
        ("steps.x=3", "--config.steps.x: config.steps is one value, 6000, and has no keys"),
        ("steps=many", "--config.steps=many: a whole number is needed here"),
        ("ema.decay=high", "--config.ema.decay=high: a number is needed here"),
        ("data.flip=perhaps", "--config.data.flip=perhaps: true or false is needed here"),
    ],
)
def test_a_mistake_in_a_setting_is_told_in_a_sentence(typed, says):
    assert refused(f"--workdir=x --config=ssgan_digits --config.{typed}").startswith(says)


def test_settings_change_before_or_behind_the_config():
    _, values = parsed(
        "--config.steps=5 --config.data.flip --workdir=x --config ssgan_digits --config.data.shape=(8,8,1)"
    )
    assert values.config.steps == 5
    assert values.config.data.flip is True
    assert values.config.data.shape == (8, 8, 1)
    assert values.config.optim.generator.learning_rate.decay_steps == 5  # follows the steps


def test_two_parses_share_nothing():
    assert parsed("--workdir=x --config=ssgan_digits --config.steps=5")[1].config.steps == 5
    assert parsed("--workdir=x --config=ssgan_digits")[1].config.steps == 6000
    assert parsed("--workdir=x")[1].config is None


def test_paths_begin_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.py").write_text(
        "from gan_jax.configs import ssgan_digits\nget_config = ssgan_digits.get_config\n"
    )
    _, values = parsed("sample --workdir=~/run --out=~/x.png --config=~/mine.py")
    assert (values.workdir, values.out) == (f"{tmp_path}/run", f"{tmp_path}/x.png")
    assert values.config.steps == 6000


def test_a_config_that_is_not_there_is_no_mistake_of_flags():
    with pytest.raises(ConfigError, match=r"no config is called 'ssgan_digit' \(did you mean 'ssgan_digits'\?\)"):
        parsed("--workdir=x --config=ssgan_digit")

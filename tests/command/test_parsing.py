"""What is typed becomes a verb and its values, or a sentence that says what to type."""

import pytest

from gan_jax.command.errors import UsageError
from gan_jax.command.parsing import declared, parse
from gan_jax.main import COMMANDS, TOOLS, find, split_command
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import ConfigError, load_config, shipped_configs
from gan_jax.setup.setup import Setup

NEEDED = {  # what each verb cannot do without
    "train": ["--workdir=x"],
    "sample": [],
    "evaluate": [],
    **{tool: [] for tool in TOOLS},
    "analyse --tool=steering": ["--transform=zoom"],
    "analyse --tool=directions": ["--method=sefa"],
    "analyse --tool=arithmetic": ["--a=0,1,2", "--b=3,4,5", "--c=6,7,8"],
    "analyse --tool=forgetting": ["--workdirs=x,y"],
    "analyse --tool=dissection": ["--layer=block2", "--segmentation=levels"],
    "project": ["--workdir=x", "--images=y"],
    "translate": [],
    "explore": [],
    "stylize": ["--workdir=x", "--content=y", "--style=z"],
    "video": [],
    "export": ["--workdir=x"],
    "toys": ["--out=x"],
    "classifier": ["--config=sngan_digits", "--out=x.npz"],
    "segmenter": ["--config=sngan_faces", "--out=x.npz"],
    "sweep": ["--workdir=x"],
    "plan": ["--config=ssgan_digits", "--topology=cpu:2"],
    "import": ["--kind=mimicry", "--config=sngan_cifar10", "--workdir=x"],
    "configs": [],
}


def parsed(line):
    """The verb and values of a line of words."""
    verb, argv = split_command(["gan_jax", *line.split()])
    return verb, parse(verb or "train", argv, find, list(COMMANDS))


def refused(line):
    with pytest.raises(UsageError) as told:
        parsed(line)
    return str(told.value)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_takes_what_it_needs_and_names_what_is_missing(verb):
    named, values = parsed(" ".join([verb, *NEEDED[verb]]))
    assert named == verb
    for i, word in enumerate(NEEDED[verb]):
        flag = word.partition("=")[0]
        rest = NEEDED[verb][:i] + NEEDED[verb][i + 1 :]
        assert f"{verb} needs {flag}, such as {flag}=" in refused(" ".join([verb, *rest]))


@pytest.mark.parametrize("verb", COMMANDS)
def test_no_verb_takes_anothers_flags(verb):
    own = {name for group in declared(verb, find).groups.values() for name in group}
    for other in COMMANDS:
        for name in {n for group in declared(other, find).groups.values() for n in group} - own:
            said = refused(" ".join([verb, *NEEDED[verb], f"--{name}=1"]))
            assert said.startswith(f"--{name} belongs to ")
            assert (other if " " in verb else other.partition(" ")[0]) in said and "\n" not in said


@pytest.mark.parametrize("verb", COMMANDS)
def test_advice_is_for_flags_of_other_verbs(verb):
    every = {n: other for other in COMMANDS for group in declared(other, find).groups.values() for n in group}
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
        (
            "--workdir=x --seed=7",
            "--seed belongs to sample, evaluate, project, translate, video, classifier, segmenter and analyse; for train: "
            "--config.seed=7",
        ),
        ("--workdir=x --steps=50", "--steps belongs to classifier and segmenter; for train: --config.steps=50"),
        ("--workdir=x --num=9", "for train: --config.log.num_samples=9"),
        ("--workdir=x --label=2", "--label belongs to sample, video and analyse, not to train; gan_jax train --help"),
        ("sweep --workdir=x --seed=1,2", "for sweep: --sweep=seed=1,2"),
        ("sample --workdir=x --steps=100", "for sample: --step=100"),
        ("plan --workdir=x", "for plan: --out=FILE.json"),
        ("sample --workdir=x --profile=1:2", "--profile belongs to train, not to sample"),
        ("train --workdir=x --noall", "--noall belongs to evaluate"),
        ("sample --workdir=x --nmu=3", "no flag --nmu (did you mean '--num'?)"),
        ("train --workdir=x --sead=3", "no flag --sead (did you mean '--seed'?)"),
        ("train --workdir=x --config=ssgan_digits --batch_size=8", "did you mean --config.batch_size=8?"),
        ("train --workdir=x --config=ssgan_digits --halvings=1", "did you mean --config.discriminator.halvings=1?"),
        ("train --workdir=x --zzzz", "there is no flag --zzzz; gan_jax train --help"),
        ("sample --workdir=x --num=many", "--num=many: a whole number from 1 to 4294967295 is needed here"),
        ("sample --workdir=x --num=0", "--num=0: a whole number from 1 to 4294967295 is needed here"),
        (
            "sample --workdir=x --num=99999999999999",
            "--num=99999999999999: a whole number from 1 to 4294967295 is needed",
        ),
        ("sample --workdir=x --step=99999999999", "--step=99999999999: a whole number from 0 to 4294967295 is needed"),
        ("classifier --config=lt_digits --out=x.npz --seed=-1", "--seed=-1: a whole number from 0 to 4294967295 is"),
        ("sample --workdir=x --truncation=nan", "--truncation=nan: a number is needed here"),
        ("sample --workdir=x --truncation=inf", "--truncation=inf: a number is needed here"),
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
        ("stpes=3", "--config.stpes: ssgan_digits has no 'stpes' (did you mean 'steps'?); it has batch_size, "),
        (
            "data.shpae=3",
            "--config.data.shpae: data of ssgan_digits has no 'shpae' (did you mean 'shape'?); it has attributes, ",
        ),
        ("steps.x=3", "--config.steps.x: steps of ssgan_digits is one value, 6000, and has no keys"),
        ("steps=many", "--config.steps=many: a whole number is needed here"),
        ("ema.decay=high", "--config.ema.decay=high: a number is needed here"),
        ("data.flip=perhaps", "--config.data.flip=perhaps: true or false is needed here"),
        (
            "evaluat.every=3",
            "--config.evaluat.every: ssgan_digits has no 'evaluat' (did you mean 'evaluate'?); it has ",
        ),
        (
            "optim.generator.clip_nrom=1",
            "ssgan_digits with --config.optim.generator.clip_nrom=1: unknown config key optim.generator.clip_nrom (did you "
            "mean 'clip_norm'?); optim.generator (adam) takes ",
        ),
        (
            "evaluate.sampelr=x",
            "ssgan_digits with --config.evaluate.sampelr=x: unknown config key evaluate.sampelr (did",
        ),
        ("generator.widths[0]=8", "--config.generator.widths[0]: a part of a tuple cannot be set: name all of it, as "),
        (
            "optim.generator=3",
            "--config.optim.generator=3: optim.generator is a block: set one of optim.generator.b1, ",
        ),
        (
            "optim.generator.learning_rate=fast",
            "--config.optim.generator.learning_rate=fast: a number is needed here, in place of the schedule cosine_decay",
        ),
        ("ema.decay=nan", "--config.ema.decay=nan: a number is needed here"),
        ("steps", "--config.steps needs a value"),
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


def config_of(*words):
    return parsed(" ".join(["--workdir=x --config=ssgan_digits", *words]))[1].config


def test_none_unsets_a_setting_and_takes_a_block_away():
    config = config_of("--config.ema.decay=None", "--config.regularizers.rotation=None", "--config.evaluate.test=None")
    resolved = resolve(config)
    assert resolved["ema"] == {"start": 0} and resolved["regularizers"] == {} and "test" not in resolved["evaluate"]
    assert not Setup.of(config).averages


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("swd,ms_ssim", ("swd", "ms_ssim")),
        ("(swd,ms_ssim)", ("swd", "ms_ssim")),
        ("('swd','ms_ssim')", ("swd", "ms_ssim")),
        ("swd", ("swd",)),
        ("", ()),
    ],
)
def test_commas_part_a_tuple(typed, becomes):
    assert config_of(f"--config.evaluate.recipes={typed}").evaluate.recipes == becomes
    assert config_of("--config.data.shape=8,8,1").data.shape == (8, 8, 1)


def test_of_a_setting_that_is_given_twice_the_later_counts_and_a_tuple_is_refused():
    assert config_of("--config.steps=5", "--config.steps", "7").steps == 7
    said = refused("--workdir=x --config=lt_digits --config.evaluate.recipes=swd --config.evaluate.recipes=fid50k")
    assert said.endswith("is given twice: name all of it once, as --config.evaluate.recipes=swd,fid50k")
    said = refused("evaluate --workdir=x --recipes=swd --recipes=ms_ssim")
    assert said == "--recipes is given twice: name all of it once, as --recipes=swd,ms_ssim"
    assert "--config is given twice" in refused("--workdir=x --config=lt_digits --config=ss_lt_digits")
    rate = "--config.optim.generator.learning_rate"
    said = refused(f"--workdir=x --config=ssgan_digits {rate}=1e-3 {rate}.decay_steps=5")
    assert said.startswith(f"{rate}.decay_steps changes a part of {rate}, which is given too")


@pytest.mark.parametrize("name", [shipped.name for shipped in shipped_configs()])
def test_a_rate_is_a_number_in_every_config(name):
    shipped = load_config(name)
    player = min(shipped.optim)
    inside = "optimizer." if "optimizer" in shipped.optim[player] else ""  # of a wrapper
    line = f"--workdir=x --config={name} --config.optim.{player}.{inside}learning_rate=2e-4"
    of_ema = " --config.ema.decay=None --config.ema.half_life_kimg=None" if "ema" in shipped else ""
    found = parsed(line + of_ema)[1].config.optim[player]
    assert (found.optimizer if inside else found).learning_rate == 2e-4
    Setup.of(parsed(line)[1].config)


def test_a_setting_that_an_object_takes_need_not_be_named_in_the_config():
    config = config_of("--config.optim.generator.clip_norm=1.5", "--config.evaluate.sampler=image")
    assert config.optim.generator.clip_norm == 1.5 and config.evaluate.sampler == "image"


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
    _, values = parsed("evaluate --compare=~/a,~/b --extractor_weights=vgg16=~/vgg.npz --images=~/i --reference=~/r")
    assert values.compare == [f"{tmp_path}/a", f"{tmp_path}/b"]
    assert values.extractor_weights == [f"vgg16={tmp_path}/vgg.npz"]
    assert (values.images, values.reference) == (f"{tmp_path}/i", f"{tmp_path}/r")


def test_a_config_that_is_not_there_is_no_mistake_of_flags():
    with pytest.raises(ConfigError, match=r"no config is called 'ssgan_digit' \(did you mean 'ssgan_digits'\?\)"):
        parsed("--workdir=x --config=ssgan_digit")


@pytest.mark.parametrize("name", ["recipes", "compare", "images_range", "extractor_weights"])
def test_a_list_that_names_nothing_or_leaves_a_gap_is_refused(name):
    for empty in ("", ",", ",,"):
        said = refused(f"evaluate --{name}={empty}")
        assert f"--{name}={empty}: nothing is named; write it as --{name}=" in said
    assert "one of the texts between commas is empty; write it as" in refused(f"evaluate --{name}=a,")
    assert "nothing is named" in refused("sweep --workdir=x --recipes=")

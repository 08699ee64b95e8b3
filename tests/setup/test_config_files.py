"""Configs by name and by path, and what a file that is no config gets."""

from pathlib import Path

import pytest

from gan_jax.setup.config_files import ConfigError, configs_folder, find_config, load_config, shipped_configs

ROOT = Path(__file__).resolve().parents[2]


def test_a_name_and_a_path_are_the_same_config(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert load_config("ssgan_digits").to_json() == load_config("configs/ssgan_digits.py").to_json()
    assert find_config("ssgan_digits") == configs_folder() / "ssgan_digits.py"


def test_every_experiment_is_listed_with_a_line():
    shipped = {config.name: config for config in shipped_configs()}
    assert shipped.keys() == {file.stem for file in ROOT.glob("configs/*_*.py") if not file.stem.startswith("_")}
    assert all(20 < len(config.about) < 120 and not config.about.endswith(".") for config in shipped.values())
    assert (shipped["ss_lt_digits"].method, shipped["ss_lt_digits"].data) == ("ss_lt", "digits")
    assert (shipped["toy_wgan"].method, shipped["toy_wgan"].data) == ("wgan", "toys")


def test_a_file_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ssgan_digits").write_text("")
    assert find_config("ssgan_digits") == Path("ssgan_digits")


def test_a_config_of_ones_own_builds_on_one_that_ships(tmp_path):
    text = "from gan_jax.configs import ssgan_digits\n\ndef get_config():\n    config = ssgan_digits.get_config()\n"
    (tmp_path / "mine.py").write_text(text + "    config.steps = 3\n    return config\n")
    assert load_config(tmp_path / "mine.py").steps == 3


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ssgan_digit", r"no config is called 'ssgan_digit' \(did you mean 'ssgan_digits'\?\); gan_jax configs lists"),
        ("nothing_like_it", "no config is called 'nothing_like_it'; gan_jax configs lists them"),
        (
            "elsewhere/ssgan_digits.py",
            "elsewhere/ssgan_digits.py; ssgan_digits ships with gan_jax: --config=ssgan_digits",
        ),
        ("ssgan_digit.py", r"there is no config file .*ssgan_digit.py \(did you mean 'ssgan_digits'\?\)"),
    ],
)
def test_what_is_not_there_names_the_nearest(name, says):
    with pytest.raises(ConfigError, match=says):
        load_config(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "has no function get_config"),
        ("def get_config():\n    pass\n", "returned NoneType, not a ConfigDict; does it end in `return config`"),
        ("x = 1\ny = z\n", "broken.py, line 2: NameError: name 'z' is not defined"),
        ("def get_config():\n    return 1 / 0\n", "broken.py, line 2: ZeroDivisionError"),
        ("def get_config(:\n", "broken.py, line 1: SyntaxError"),
        ("import nothing_of_this_name\n", "broken.py, line 1: ModuleNotFoundError: No module named"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text, says, tmp_path):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_config(tmp_path / "broken.py")


def test_a_file_of_another_kind_is_no_config(tmp_path):
    (tmp_path / "config.yaml").write_text("steps: 3\n")
    with pytest.raises(ConfigError, match="is no Python file"):
        load_config(tmp_path / "config.yaml")


def test_configs_of_one_device_stand_beside_those_of_many():
    (found,) = [each for each in shipped_configs() if each.name == "stylegan_ffhq1024_one_device"]
    assert (found.method, found.data) == ("stylegan", "ffhq1024")


def test_what_follows_a_colon_is_handed_to_the_config(tmp_path):
    assert load_config("my_images").data.shape == (64, 64, 3)
    assert load_config("my_images:32").data.shape == (32, 32, 3)
    with pytest.raises(ConfigError, match="the size behind my_images: '33' is not known"):
        load_config("my_images:33")
    with pytest.raises(ConfigError, match="ssgan_digits takes nothing behind a colon"):
        load_config("ssgan_digits:32")
    named = tmp_path / "a:b"
    named.mkdir()
    (named / "c:1.py").write_text(
        "from ml_collections import ConfigDict\nget_config = lambda x='2': ConfigDict({'x': x})\n"
    )
    assert load_config(named / "c:1.py").x == "2" and load_config(f"{named}/c:1.py:3").x == "3"

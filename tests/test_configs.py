"""Every config builds at full size, and every experiment differs from its baseline in the task alone."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from gan_jax.data.domains import Domain
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.game import clock
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

FILES = sorted(Path(__file__).parents[1].joinpath("configs").glob("*_*.py"))
EXPERIMENTS = [file for file in FILES if not file.name.startswith("__")]


def _config(file):
    return resolve(load_config(str(file)))


def _of_domains(file):
    return _config(file)["data"]["source"] == "domains"


def test_there_are_experiments():
    assert {f"{game}_{data}.py" for game in ("sngan", "ssgan") for data in _DATA} <= {file.name for file in EXPERIMENTS}


_DATA = ("digits", "emoji", "faces", "cifar10", "celebahq128", "bedroom128", "imagenet")


_ALIKE = ("stylegan_b", "stylegan_c", "stylegan_d", "stylegan_e", "stylegan_ffhq1024_one", "progan_celebahq1024_one")


def _but_one_of_those_alike(file):
    return pytest.param(file, id=file.stem, marks=[pytest.mark.slow] if file.stem.startswith(_ALIKE) else [])


@pytest.mark.parametrize("file", [_but_one_of_those_alike(file) for file in EXPERIMENTS])
def test_a_round_of_full_size_has_the_states_shape(file):
    config = _config(file)
    method = Setup.of(config).method
    state = jax.eval_shape(method.init, jax.random.key(0))
    phases = list(dict.fromkeys(stretch.phase for stretch in method.stretches))
    for phase in dict.fromkeys((phases[0], phases[-1])):
        step = lambda state, batch, phase=phase: method.step(state, batch, phase)
        after, metrics = jax.eval_shape(step, state, method.batch(phase))
        assert jax.tree.structure(after) == jax.tree.structure(state)
        same = jax.tree.map(lambda a, b: (a.shape, a.dtype) == (b.shape, b.dtype), state, after)
        assert all(jax.tree.leaves(same))
        styled = config["method"]["type"].startswith("style_transfer")
        told = {"decoder/content", "decoder/style"} if styled else {"d/adversarial", "g/adversarial"}
        assert told <= metrics.keys()


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_rates_fall_over_the_whole_run(file):
    """A schedule of each player and head is asked at a tenth, half and nine tenths of the rounds: 0 at the end at most.

    That a round asks it so, whatever d_steps, is tests/methods/test_adversarial.py's.
    """
    setup = Setup.of(_config(file))
    heads = [head for each in getattr(setup.method, "regularizers", {}).values() for head in each.heads().items()]
    optimizers = setup.method.optimizers | {name: head.optimizer for name, head in heads if head.optimizer is not None}
    for name, tx in optimizers.items():
        tx = optax.with_extra_args_support(tx)
        state, rates = tx.init(jnp.ones(())), []
        for share in (0.1, 0.5, 0.9):
            now = clock(setup.stretches, jnp.int32(share * setup.steps))
            update, _ = tx.update(jnp.ones(()), state, jnp.ones(()), clock=now, metrics={"convergence": jnp.ones(())})
            rates.append(-float(update))
        assert min(rates) > 0, (name, rates)
        assert len(setup.stretches) > 1 or rates == sorted(rates, reverse=True), (name, rates)


TRANSLATIONS = [file for file in EXPERIMENTS if file.stem.startswith(("pix2pix", "cyclegan"))]
_OF_A_FOLDER = [
    file
    for file in EXPERIMENTS
    if not {"ring", "toy"} & {*file.stem.split("_")} and file not in TRANSLATIONS and "3d" not in file.stem
]


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.stem)
def test_ones_own_pairs_take_the_place_of_its_data(file, tmp_path):
    Image.fromarray(np.full((150, 280, 3), 200, np.uint8)).save(tmp_path / "one.png")
    config = load_config(str(file))
    config.data.source, config.data.path, config.data.split = "folder", str(tmp_path), None
    with pytest.raises(ValueError, match="needs the data's a, b.*source 'pairs'"):
        Setup.of(config).source()
    config.data.source = "pairs"
    setup = Setup.of(config)
    element = setup.preprocessing(setup.source()[0], np.random.default_rng(0))
    assert element["a"].shape == element["b"].shape == config.data.shape


def test_two_vendors_drawings_are_two_folders(tmp_path):
    config = load_config(str(FILES[0].with_name("cyclegan_emoji.py")))
    domains = config.data.domains
    domains.a.path, domains.b.path = str(tmp_path / "ours"), str(tmp_path / "theirs")
    for name, folder, count in (("a", "ours", 2), ("b", "theirs", 3)):
        with pytest.raises(FileNotFoundError, match=rf"domain {name} \(.*domains.{name}\): folder: there is no folder"):
            Setup.of(config).source()
        (tmp_path / folder).mkdir()
        for i in range(count):
            Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(tmp_path / folder / f"{i}.png")
    setup = Setup.of(config)
    assert {key: len(side) for key, side in setup.source().items()} == {"a": 2, "b": 3}
    assert setup.batches(setup.source()).at(0)["b"].shape == (1, 1, 32, 32, 3)


@pytest.mark.parametrize("file", _OF_A_FOLDER, ids=lambda file: file.stem)
def test_ones_own_folder_takes_the_place_of_its_data(file, tmp_path):
    Image.fromarray(np.full((150, 140, 3), 200, np.uint8)).save(tmp_path / "one.png")
    config = load_config(str(file))
    if _of_domains(file):
        for name in config.data.domains:
            config.data.domains[name] = {"source": "folder", "path": str(tmp_path)}
        setup = Setup.of(config)
        for name, source in setup.source().items():
            made = setup.preprocessing(Domain(name, source)[0], np.random.default_rng(0))
            assert made[name].shape == config.data.shape
        return
    config.data.source, config.data.path = "folder", str(tmp_path)
    if config.method.num_classes:
        with pytest.raises(ValueError, match="needs class labels"):
            Setup.of(config).source()
        return
    source = Setup.of(config).source()
    assert len(source) == 1
    assert Setup.of(config).preprocessing(source[0], np.random.default_rng(0))["image"].shape == config.data.shape


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_its_head_says_what_it_is(file):
    text = file.read_text()
    assert "Meant for:" in text
    assert f"--config=configs/{file.name}" in text


@pytest.mark.parametrize("data", _DATA)
def test_ssgan_differs_from_sngan_in_the_rotation_task_alone(data):
    root = FILES[0].parent
    task, baseline = _config(root / f"ssgan_{data}.py"), _config(root / f"sngan_{data}.py")
    assert task["regularizers"].keys() == {"rotation"}
    assert not baseline["regularizers"]
    assert {**task, "regularizers": {}} == baseline


def test_the_imagenet_config_is_the_papers_large_run():
    config = _config(FILES[0].parent / "ssgan_imagenet.py")
    assert config["batch_size"] == 2048
    assert config["loss"] == {"type": "hinge"}
    assert config["generator"]["norm"] == "self_modulated"
    assert config["data"]["shape"] == (128, 128, 3)
    alpha = config["regularizers"]["rotation"]["weight_g"]
    assert alpha["transition_steps"] == config["steps"]


def test_ssbiggan_is_biggans_network_without_labels_and_with_the_task():
    config, baseline = (_config(FILES[0].parent / f"{name}.py") for name in ("ssbiggan_imagenet", "ssgan_imagenet"))
    networks = ("generator", "discriminator")
    assert {key: value for key, value in config.items() if key not in networks} == {
        key: value for key, value in baseline.items() if key not in networks
    }
    method = Setup.of(config).method
    state = jax.eval_shape(method.init, jax.random.key(0))
    count = lambda name: sum(leaf.size for leaf in jax.tree.leaves(state.networks[name].params))
    # BigGAN's 87,982,370 without its table of 1,000 classes of 1,536 numbers.
    assert count("discriminator") == 87_982_370 - 1000 * 1536 and count("rotation") == 4 * 1537
    assert method.num_classes == 0 and config["generator"]["norm"] == "self_modulated"


@pytest.mark.parametrize("data", ["cifar10", "imagenet"])
def test_conditional_baselines_tell_both_networks_the_class(data):
    config = _config(FILES[0].parent / f"cond_sngan_{data}.py")
    method = Setup.of(config).method
    assert method.num_classes == method.generator.num_classes == method.discriminator.num_classes > 0
    assert config["generator"]["norm"] == "conditional_batch" and not config["regularizers"]


def test_the_task_alone_differs_from_ssgan_in_the_loss_alone():
    alone, ssgan = (_config(FILES[0].parent / f"{name}_cifar10.py") for name in ("rotation", "ssgan"))
    assert alone["loss"] == {"type": "nothing"}
    same = ("loss", "evaluate")
    assert {k: v for k, v in alone.items() if k not in same} == {k: v for k, v in ssgan.items() if k not in same}


@pytest.mark.parametrize("file", [file for file in EXPERIMENTS if "sndcgan" in file.stem], ids=lambda file: file.stem)
def test_lt_gans_sndcgan_is_compare_gans(file):
    config = _config(file)
    assert config["discriminator"]["widths"] == "compare_gan" and config["generator"]["stem_norm"] == "units"
    if task := config["regularizers"].get("latent_transform"):  # windows that leave 4 x 4
        assert task["pool_window"] == {32: 2, 128: 4}[config["data"]["shape"][0]]
    assert "latent_transform" in config["regularizers"] or "lt" not in file.stem.split("_")


@pytest.mark.parametrize("file", [file for file in EXPERIMENTS if "biggan" in file.stem], ids=lambda file: file.stem)
def test_named_scripts_that_do_not_flip_are_followed(file):
    assert not _config(file)["data"]["flip"]


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_its_scores_are_known(file):
    config, classifiers = _config(file), Extractors().classifiers
    settings = config["evaluate"]
    recipes = [find_recipe(name, classifiers) for name in (*settings["recipes"], *settings["during"])]
    assert recipes
    labelled = config["method"].get("num_classes") or not any(
        data in file.stem for data in ("celebahq", "faces", "bedroom")
    )
    assert labelled or not any(recipe.needs_run or recipe.needs_labels for recipe in recipes)

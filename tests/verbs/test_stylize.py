"""A tiny run of style transfer through every verb, and the verb that is its own."""

import json

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.main import main
from gan_jax.run.state import restore
from gan_jax.run.training import Training
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.evaluate import evaluate_run
from gan_jax.verbs.export import export
from gan_jax.verbs.plan import plan
from gan_jax.verbs.sample import sample
from gan_jax.verbs.stylize import checked_weights, stylize, transfer
from gan_jax.zoo.formats.stablehlo import read_stablehlo


def tiny():
    config = load_config("adain_emoji")
    fake = {"source": "fake", "length": 70, "size": (16, 16, 3)}
    config.data.domains = {"content": dict(fake), "style": {**fake, "length": 66}}
    config.data.shape = (16, 16, 3)
    config.steps, config.batch_size = 3, 2
    config.decoder.width = 2
    config.evaluate.test = None
    config.log.every = config.checkpoint.every = 1
    config.log.samples_every, config.log.num_samples = 3, 2
    return config


@pytest.fixture(scope="module")
def run(tmp_path_factory, quick_rounds):
    """The folder of a run that was played to its end at once."""
    folder = tmp_path_factory.mktemp("runs") / "adain"
    with quick_rounds(), Training(tiny(), folder) as training:
        training.play()
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two photos and two styles of other sizes."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    (folder / "empty").mkdir()
    save = lambda name, *shape: Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(folder / name)
    save("photos/one.png", 13, 18, 3)
    save("photos/two.jpg", 13, 18, 3)
    save("dots.png", 16, 16, 3)
    save("grey.png", 16, 16)
    save("small.png", 8, 30, 3)
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def test_a_run_broken_off_ends_in_the_same_state(run, tmp_path, quick_rounds):
    digests = []
    for until in (1, 3):
        with quick_rounds(), Training(tiny(), tmp_path / "run") as training:
            training.play(until=until)
            digests.append(training.digest())
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert digests[-1] == last["state_digest"] != digests[0]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert all(line["decoder/total"] > 0 for line in lines if "decoder/total" in line)


def test_the_other_verbs_play_it_too(run, tmp_path, capsys):
    assert {"real_content.png", "real_style.png", "000000003.png"} <= {p.name for p in (run / "samples").iterdir()}
    with Image.open(run / "samples" / "000000003.png") as shown:  # content, style, and what was made of them
        assert shown.width > 3 * 16 and shown.width > shown.height
    sample(run, tmp_path / "drawn.npz", num=3)
    assert np.load(tmp_path / "drawn.npz")["image"].shape == (3, 16, 16, 3)
    with pytest.raises(ValueError, match="truncation is for generators of latents"):
        sample(run, tmp_path / "x.npz", truncation=0.5)
    scores = evaluate_run(run, recipes=["swd"])
    assert all(np.isfinite(each.value) and "style" in str(each.reference) for each in scores)
    (found,) = plan(tiny(), ["cpu:1"])
    assert found.fits and "memory a device" in capsys.readouterr().out


def test_images_keep_their_size_and_name(run, pictures, tmp_path):
    written = stylize(run, pictures / "photos", pictures / "dots.png", tmp_path / "made")
    assert [path.name for path in written] == ["one.png", "two.png"]
    one = np.asarray(Image.open(written[0]))
    assert one.shape == (13, 18, 3) and one.dtype == np.uint8
    (alone,) = stylize(run, pictures / "photos" / "one.png", [pictures / "dots.png"], tmp_path / "one.png")
    np.testing.assert_array_equal(np.asarray(Image.open(alone)), one)
    both = (pictures / "dots.png", pictures / "grey.png")
    (first,) = stylize(run, pictures / "photos/one.png", both, tmp_path / "x.png", style_weights=(1, 0))
    np.testing.assert_array_equal(np.asarray(Image.open(first)), one)
    (small,) = stylize(run, pictures / "photos/one.png", both, tmp_path / "x.png", content_size=26, style_size=16)
    with Image.open(small) as image:
        assert image.size == (36, 26)


def test_the_features_of_a_blend_are_the_blend_of_the_features(run):
    """Eq. (15): with a decoder that is linear, so the images too."""
    restored = restore(run)
    sampler = restored.setup.method.samplers(restored.state, restored.phase)["stylized"]
    rng = np.random.default_rng(0)
    content, *styles = (rng.uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32) for _ in range(3))
    made = lambda style: sampler.map({"content": content, "style": style})
    of = lambda codes: codes["deviation"] * made(content)["content"] + codes["mean"]
    a, b = (made(style) for style in styles)
    blend = {key: 0.3 * a[key] + 0.7 * b[key] for key in a}
    np.testing.assert_allclose(0.3 * of(a) + 0.7 * of(b), of(blend), rtol=1e-4, atol=1e-4)
    expected = sampler.synthesize(blend)[0]
    np.testing.assert_allclose(transfer(sampler, content, styles, (0.3, 0.7)), expected, rtol=1e-3, atol=1e-4)
    plain = sampler.replace(alpha=0.0).synthesize(a)[0]
    np.testing.assert_allclose(transfer(sampler, content, styles, alpha=0.0), plain, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"content": "nowhere.jpg"}, "there is no file nowhere.jpg"),
        ({"content": "empty"}, "no images"),
        ({"style": ("nowhere.png",)}, "there is no file nowhere.png"),
        ({"style": ("photos",)}, "photos is a folder: name the style's images one by one"),
        ({"style": ("broken.png",)}, "broken.png"),
        ({"style": ("small.png",)}, "small has 8 x 30 pixels: the encoder needs 9 a side"),
        ({"style": ()}, "needs a style image or more"),
        ({"alpha": 1.5}, "alpha is from 0 .* to 1 .*, not 1.5"),
        ({"alpha": float("nan")}, "alpha is from 0"),
        ({"style_weights": (0.5, 0.5)}, r"there are 1 styles and 2 style_weights \(0.5, 0.5\)"),
        ({"style": ("dots.png", "grey.png"), "style_weights": (0.5, 0.6)}, "make 1 together, and 0.5, 0.6 make 1.1"),
        ({"style": ("dots.png", "grey.png"), "style_weights": (1.5, -0.5)}, "shares from 0 on"),
        ({"content": "photos", "out": "x.png"}, "2 images cannot be written to x.png"),
        ({"out": "x.jpg"}, "out ends in .png, or is a folder's name"),
        ({"content": "dots.png", "out": "dots.png"}, "is what is read, and stays as it is"),
    ],
)
def test_what_cannot_be_is_said(run, pictures, changes, says, monkeypatch):
    monkeypatch.chdir(pictures)
    settings = {"content": "photos/one.png", "style": ("dots.png",), "out": "made.png", **changes}
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        stylize(run, settings.pop("content"), settings.pop("style"), settings.pop("out"), **settings)
    assert not (pictures / "made.png").exists()


def test_thirds_make_one():
    assert checked_weights((0.33, 0.33, 0.33), 3) == pytest.approx([1 / 3] * 3)
    assert checked_weights(None, 4) == [0.25] * 4


def test_a_run_of_another_method_and_none_at_all(pictures, tmp_path, capsys):
    config = load_config("gan_ring")
    config.steps, config.batch_size, config.data.toys.length = 1, 8, 8
    with Training(config, tmp_path / "ring") as training:
        training.play()
    with pytest.raises(ValueError, match="is a run of adversarial.Adversarial: stylize takes one of style transfer"):
        stylize(tmp_path / "ring", pictures / "dots.png", pictures / "dots.png", tmp_path / "x.png")
    asked = [f"--content={pictures / 'dots.png'}", f"--style={pictures / 'grey.png'}"]
    for flags, says in (
        ([], "stylize needs --workdir, such as --workdir=runs/adain_emoji"),
        ([f"--workdir={tmp_path / 'none'}"], "none"),
        ([f"--workdir={tmp_path}", "--style_weights=a,b"], "--style_weights=a: a number is needed for each style"),
        ([f"--workdir={tmp_path}", "--num=3"], "for stylize: --content=FOLDER"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["gan_jax", "stylize", *asked, *flags, "--compilation_cache=none"])
        assert ended.value.code == 1 and says in capsys.readouterr().err


def test_it_is_exported_as_weights_and_as_a_program(run, tmp_path):
    export(run, tmp_path / "model", formats=("safetensors", "stablehlo"))
    about, call = read_stablehlo(tmp_path / "model")
    assert {name: port["shape"] for name, port in about["inputs"].items()} == dict.fromkeys(
        ("content", "style"), ["n", 16, 16, 3]
    )
    images = np.random.default_rng(0).uniform(-1, 1, (2, 2, 16, 16, 3)).astype(np.float32)
    given = {"content": images[0], "style": images[1]}
    drawn = gan_jax.load(tmp_path / "model").sample(2, given=given)
    np.testing.assert_array_equal(drawn, gan_jax.load(run).sample(2, given=given))
    np.testing.assert_allclose(call(**given), drawn, atol=1e-3)

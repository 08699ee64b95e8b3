"""`analyse` leaves folders: steering, sums, grids, neighbours, encoders and maps of a tiny generator."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.analysis.directions import read
from gan_jax.architectures import mlp
from gan_jax.latents import normal
from gan_jax.main import main
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.zoo.model import Model


@pytest.fixture(scope="module")
def sampler():
    net = mlp.Generator((8, 8, 1), (6,), 0)
    variables = net.init(jax.random.key(0), jnp.zeros((1, 4)))
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda x: x + 0.3 * rng.normal(size=x.shape).astype(np.float32), variables["params"])
    return GeneratorSampler(net, {"params": params}, normal(4))


@pytest.fixture
def play(sampler, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_jax.verbs.opening.load", lambda name: Model("tiny", sampler, {}))
    monkeypatch.chdir(tmp_path)

    def play(tool, *flags):
        with pytest.raises(SystemExit) as ended:
            main(["gan_jax", "analyse", f"--tool={tool}", "--model=x", "--compilation_cache=none", "--out=out", *flags])
        lines = tmp_path / "out" / "metrics.jsonl"
        return ended.value.code, [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []

    return play


@pytest.fixture
def data(tmp_path):
    images = np.random.default_rng(1).integers(0, 255, (30, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "data.npz", image=images, label=np.arange(30) % 3)
    return tmp_path / "data.npz"


def page_of(folder):
    return (folder / "out" / "index.html").read_text()


@pytest.mark.parametrize("method", ["jahanian", "plumerault"])
def test_steering_leaves_a_direction_and_how_far_it_goes(play, tmp_path, method):
    flags = ("--transform=brightness", f"--method={method}", "--latents=12", "--measured=3", "--num=2")
    status, lines = play("steering", *flags)
    assert status == 0 and len(lines) == 12
    assert {"slope", "correlation", "holds_from", "holds_to", "moves/contrast"} <= lines[0].keys()
    assert [line["amount"] for line in lines[1:]] == pytest.approx(np.linspace(-0.5, 0.5, 11))
    direction = read(tmp_path / "out" / "directions" / "brightness.json")
    assert (direction.space, direction.seed, direction.vector.shape) == ("z", 0, (4,))
    with Image.open(tmp_path / "out" / "walks.png") as picture:
        assert picture.size == (11 * 66 + 2, 2 * 66 + 2)
    assert page_of(tmp_path).count("data:image/png") == 3 + (method == "plumerault")


def test_sums_grids_and_neighbours(play, data, tmp_path):
    status, lines = play("arithmetic", "--a=0,1", "--b=2", "--c=3")
    assert status == 0 and lines[0]["length/mean of b"] > 0 and lines[0]["a"] == [0, 1]
    with Image.open(tmp_path / "out" / "arithmetic.png") as picture:
        assert picture.size == (3 * 66 + 2, 4 * 66 + 2)
    status, lines = play("grid", "--side=3", "--corners=0,1,2,5")
    assert status == 0 and len(lines) == 1 and 0 < lines[0]["across/mean"] < 2
    status, lines = play("neighbours", f"--data={data}", "--samples=4", "--k=2", "--shown=3")
    assert status == 0 and len(lines) == 5 and lines[1]["distance"] > 0 and lines[0]["ratio"] > 0
    with Image.open(tmp_path / "out" / "neighbours.png") as picture:
        assert picture.size == (3 * 66 + 2, 3 * 66 + 2)


def test_encoders_and_maps(play, data, tmp_path):
    status, lines = play("encoder", f"--data={data}", "--iterations=4", "--refine=2", "--num=2")
    assert status == 0 and {"samples/latents", "samples/refined", "data/pixels"} <= lines[0].keys()
    with Image.open(tmp_path / "out" / "data.png") as picture:
        assert picture.size == (3 * 66 + 2, 2 * 66 + 2)
    status, lines = play("tsne", f"--data={data}", "--samples=20", "--perplexity=5")
    assert status == 0 and len(lines) == 41 and {line["class"] for line in lines[1:21]} == {-1}
    assert (tmp_path / "out" / "tsne.png").exists()


@pytest.mark.parametrize(
    ("tool", "flags", "message"),
    [
        ("steering", ("--transform=red",), "red is a channel of images in colour, and this generator's have 1"),
        ("steering", ("--transform=zoom", "--space=w"), "no space 'w' to walk in; it has z"),
        ("steering", ("--transform=zoom", "--blur=2"), "--blur is of --method=plumerault"),
        ("steering", ("--transform=zoom", "--reach=0"), "--reach is from above 0 to 5"),
        ("steering", ("--transform=zoom", "--classifier=faces"), "takes images uint8"),
        ("arithmetic", ("--a=0,x", "--b=1", "--c=2"), "--a are indices of samples by commas"),
        ("grid", ("--corners=0,1",), "--corners are four indices"),
        ("neighbours", (), "a model does not hold its data: name them, such as --data=faces"),
        ("neighbours", ("--data=nowhere",), "nowhere is no folder"),
        ("tsne", ("--attribute=glasses",), "--attribute is told by a classifier"),
        ("encoder", ("--num=0",), "a whole number from 1 to 256"),
        ("grid", ("--truncation=-1",), "truncation must be more than 0"),
    ],
)
def test_what_is_refused(play, tmp_path, capsys, tool, flags, message):
    status, lines = play(tool, *flags)
    assert status == 1 and not lines and message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

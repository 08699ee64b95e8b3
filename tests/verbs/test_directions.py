"""The tools that find directions, and --direction where images are drawn, of models that ship and a run of one round."""

import json

import numpy as np
import pytest
from PIL import Image

from gan_jax.analysis.directions import Direction, generator_hash, read, save
from gan_jax.main import main
from gan_jax.verbs.tools.directions import names_of
from gan_jax.zoo.model import load

MODEL = "stylegan_faces"


def play(*flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", *flags, "--compilation_cache=none"])
    return ended.value.code


def lines_of(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What SeFa finds in layers 0 and 1."""
    out = tmp_path_factory.mktemp("sefa")
    flags = ("--layers=0:2", "--components=3", "--name=1:turn", "--num=1", "--columns=3", "--measured=4")
    assert play("analyse", "--tool=directions", "--method=sefa", f"--model={MODEL}", f"--out={out}", *flags) == 0
    return out


def test_directions_are_kept_with_what_they_move(found):
    assert {file.name for file in (found / "directions").iterdir()} == {"sefa0-1_0.json", "turn.json", "sefa0-1_2.json"}
    turn = read(found / "directions" / "turn.json")
    assert (turn.space, turn.layers, turn.tool, turn.seed) == ("w", (0, 2), "directions, sefa", None)
    assert np.linalg.norm(turn.vector) == pytest.approx(1, rel=1e-5) and len(turn.scores) == 10
    first, *others = lines_of(found)
    assert (first["method"], first["unit"]) == ("sefa", "a length of 1") and len(others) == 3
    assert others[0]["eigenvalue"] > others[1]["eigenvalue"] and others[1]["direction"] == "turn"
    with Image.open(found / "sheet0.png") as sheet:
        assert sheet.size == (3 * 66 + 2, 3 * 66 + 2)
    page = (found / "index.html").read_text()
    assert "turn" in page and "http" not in page.replace("https://arxiv.org", "")


def test_a_kept_direction_is_taken_where_images_are_drawn(found, tmp_path, capsys):
    kept = found / "directions" / "turn.json"
    drawn = {}
    for amount in ("+2", "-2"):
        out = tmp_path / f"{amount}.png"
        flags = (f"--model={MODEL}", "--tool=interpolation", "--num=1", "--columns=2", f"--out={out}")
        assert play("analyse", *flags, f"--direction={kept}:{amount}") == 0
        drawn[amount] = np.asarray(Image.open(out), int)
    assert np.abs(drawn["+2"] - drawn["-2"]).max() > 20
    capsys.readouterr()
    refused = (
        ("--model=lt_stylegan_faces", f"--direction={kept}:1", "was found in another generator"),
        (f"--model={MODEL}", "--direction=turn:1", "name the file of the direction turn"),
        (f"--model={MODEL}", f"--direction={kept}", "it is a name and how far"),
        (f"--model={MODEL}", f"--direction={kept}:far", "it is a name and how far"),
        (f"--model={MODEL}", f"--direction={kept}:nan", "it is a name and how far"),
    )
    for model, direction, says in refused:
        assert play("analyse", model, "--tool=mixing", f"--out={tmp_path}/no.png", direction) == 1
        assert says in capsys.readouterr().err


def test_attributes_are_found_edited_and_measured(tmp_path):
    flags = ("--latents=200", "--share=0.1", "--measured=8", "--num=2", "--columns=3", "--space=z")
    chosen = ("--attributes=glasses,beard", "--holding=beard")
    model = "--model=progan_faces"
    assert play("analyse", "--tool=attributes", model, f"--out={tmp_path}", *flags, *chosen) == 0
    names = {"glasses", "beard", "glasses_holding_beard"}
    assert {file.stem for file in (tmp_path / "directions").iterdir()} == names
    first, *others = lines_of(tmp_path)
    assert (first["latents"], first["space"], first["share"]) == (200, "z", 0.1)
    by_attribute = {line["attribute"]: line for line in others if "attribute" in line}
    assert by_attribute.keys() == {"glasses", "beard"}
    assert all(0 <= line["validation"] <= 1 and 0 <= line["rest"] <= 1 for line in by_attribute.values())
    np.testing.assert_allclose(by_attribute["glasses"]["cosine/beard"], by_attribute["beard"]["cosine/glasses"])
    by_direction = {line["direction"]: line for line in others if "direction" in line}
    assert by_direction.keys() == names and by_direction["glasses"]["moves/glasses"] == pytest.approx(1)
    kept = {name: read(tmp_path / "directions" / f"{name}.json") for name in names}
    assert abs(np.dot(kept["glasses_holding_beard"].vector, kept["beard"].vector)) < 1e-4
    assert kept["glasses"].scores["glasses"] == pytest.approx(by_direction["glasses"]["logit/glasses"])
    with Image.open(tmp_path / "glasses.png") as picture:
        assert picture.size == (3 * 66 + 2, 2 * 66 + 2)


def test_components_of_an_activation_are_found(tmp_path):
    flags = ("--tap=block0", "--latents=64", "--components=2", "--num=1", "--columns=2", "--measured=2")
    model = "--model=progan_faces"
    assert play("analyse", "--tool=directions", "--method=ganspace", model, f"--out={tmp_path}", *flags) == 0
    kept = read(tmp_path / "directions" / "ganspace_0.json")
    assert (kept.space, kept.tool, kept.seed) == ("z", "directions, ganspace of block0", 0)


@pytest.mark.parametrize(
    ("tool", "flags", "says"),
    [
        ("attributes", ("--model=ssgan_digits",), "classifier tells classes"),
        ("attributes", ("--model=progan_faces", "--attributes=glases"), "attribute 'glases' is not known"),
        ("attributes", ("--model=progan_faces", "--space=w"), "this generator has no space 'w'; it has z"),
        ("attributes", ("--model=progan_faces", "--reach=0"), "--reach is a distance above 0"),
        ("attributes", ("--model=progan_faces", "--direction=a:1"), "an attribute's own direction"),
        ("directions", ("--model=progan_faces",), "needs --method"),
        ("directions", ("--model=progan_faces", "--method=sefa", "--tap=block0"), "--tap is of --method=ganspace"),
        (
            "directions",
            ("--model=progan_faces", "--method=sefa", "--layers=0:1"),
            "--layers are of generators with codes w",
        ),
        ("directions", ("--model=progan_faces", "--method=ganspace"), "the components of z are those of chance"),
        ("directions", ("--model=progan_faces", "--method=ganspace", "--space=z"), "--space is of --tap"),
        (
            "directions",
            ("--model=progan_faces", "--method=ganspace", "--tap=block9"),
            "has no tap block9; it has block0",
        ),
        ("directions", (f"--model={MODEL}", "--method=sefa", "--layers=3:99"), "this generator has layers 0 to 7"),
    ],
)
def test_what_is_refused(tmp_path, capsys, tool, flags, says):
    assert play("analyse", f"--tool={tool}", f"--out={tmp_path}/out", *flags) == 1
    assert says in capsys.readouterr().err


def test_names_are_numbers_and_words():
    assert names_of(["3:glasses", "0:turn"], 4) == {3: "glasses", 0: "turn"}
    for texts, says in ((["glasses"], "such as 3:glasses"), (["9:a"], "0 to 3"), (["1:a", "2:a"], "stands once")):
        with pytest.raises(ValueError, match=says):
            names_of(texts, 4)


def test_a_run_keeps_directions_by_name(tmp_path, capsys, quick_rounds):
    """`sample` and `evaluate` find them in the run's folder; scores of moved samples say so."""
    run = tmp_path / "run"
    with quick_rounds():
        config = (
            "--config=sngan_digits",
            "--config.steps=1",
            "--config.batch_size=8",
            "--config.generator.widths=(8,)",
        )
        assert play("train", *config, f"--workdir={run}") == 0
    sampler = load(run).sampler
    vector = np.zeros(sampler.latents.dim)
    vector[0] = 1
    save(Direction("turn", "z", vector, "by hand", "1", generator_hash(sampler)), run)
    drawn = []
    for more in ((), ("--direction=turn:0",), ("--direction=turn:+3", "--direction=turn:-1")):
        out = tmp_path / f"{len(more)}.npz"
        assert play("sample", f"--workdir={run}", "--num=3", f"--out={out}", *more) == 0
        drawn.append(np.load(out)["image"])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.any(drawn[0] != drawn[2])
    assert play("sample", f"--workdir={run}", f"--out={out}", "--direction=trun:1") == 1
    assert "did you mean 'turn'" in capsys.readouterr().err
    assert play("evaluate", f"--workdir={run}", "--recipes=swd", "--direction=turn:+3") == 0
    records = [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]
    assert records and {each["directions"] for each in records} == {"turn:+3"}
    assert play("evaluate", "--images=a", "--reference=b", "--direction=turn:+3") == 1
    assert "takes no --direction" in capsys.readouterr().err

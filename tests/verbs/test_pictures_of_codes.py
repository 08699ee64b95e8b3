"""`analyse` and `project` of a small game that has classes, codes and an autoencoder."""

import json

import numpy as np
import pytest
from PIL import Image

from gan_jax.main import main

CONFIG = """
from ml_collections import ConfigDict
from gan_jax.configs import base

def get_config():
    config = base.get_config()
    config.steps, config.batch_size = 2, 4
    config.data.source, config.data.shape = "fake", (8, 8, 1)
    config.data.fake = ConfigDict({"length": 20, "size": (8, 8, 1), "num_classes": 3})
    config.method.num_classes = 3
    config.generator = ConfigDict({"type": "mlp.Generator", "widths": (4,)})
    config.discriminator = ConfigDict({"type": "began.Autoencoder", "width": 2, "hidden": 3})
    config.loss = ConfigDict({"type": "boundary_equilibrium"})
    noise = {"type": "uniform", "dim": 2}
    config.latents = ConfigDict({"type": "coded", "noise": noise, "categorical": (4,), "continuous": 1})
    config.regularizers.classes = ConfigDict({"type": "auxiliary_classifier.auxiliary_classifier"})
    config.regularizers.information = ConfigDict({"type": "mutual_information.mutual_information", "hidden": 3})
    for player in ("generator", "discriminator"):
        adam = {"type": "adam", "learning_rate": 1e-3}
        config.optim[player] = ConfigDict({"type": "on_stall", "optimizer": adam})
    config.log.num_samples = 6
    config.evaluate.test = None
    return config
"""


def play(verb, *flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", verb, "--compilation_cache=none", *flags])
    return ended.value.code


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    (folder / "small.py").write_text(CONFIG)
    assert play("train", f"--config={folder}/small.py", f"--workdir={folder}/run") == 0
    images = folder / "images"
    images.mkdir()
    for i in range(3):
        Image.fromarray(np.full((8, 8), 60 * i, np.uint8)).save(images / f"{i}.png")
    return folder


@pytest.mark.parametrize("what, rows, columns", [("classes", 2, 3), ("codes", 4, 5)])
def test_tables_are_written(run, what, rows, columns):
    out = run / f"{what}.png"
    flags = ("--columns=5",) if what == "codes" else ()
    assert play("analyse", f"--workdir={run}/run", f"--tool={what}", "--num=2", f"--out={out}", *flags) == 0
    with Image.open(out) as picture:
        assert picture.size == (66 * columns + 2, 66 * rows + 2)


def test_ways_through_the_generator_and_through_the_encoder(run):
    flags = (f"--workdir={run}/run", f"--images={run}/images", "--between=4")
    sought = ("--features=0", "--iterations=2")
    for name, more in (("generator", sought), ("encoder", ("--through=encoder",))):
        assert play("project", *flags, f"--out={run}/{name}", *more) == 0
        with Image.open(run / name / "between.png") as picture:
            assert picture.size == (66 * 4 + 2, 66 * 2 + 2)
        assert (run / name / "projected.png").exists()


def test_flags_that_would_change_nothing_are_refused(run, capsys):
    flags = (f"--workdir={run}/run", f"--images={run}/images", f"--out={run}/none", "--through=encoder")
    assert play("project", *flags, "--iterations=3") != 0
    assert "takes no --iterations" in capsys.readouterr().err
    assert play("analyse", f"--workdir={run}/run", "--tool=classes", "--label=1", f"--out={run}/none.png") != 0
    assert "--label belongs to" in capsys.readouterr().err


def test_a_run_that_goes_on_ends_where_one_that_never_stopped_does(run):
    """k, M, the plateau's count, heads and codes are all in the state."""
    more = (f"--config={run}/small.py", "--config.steps=4")
    digests = []
    for workdir, flags in ((f"{run}/whole", ()), (f"{run}/stopped", ("--config.steps=2",)), (f"{run}/stopped", ())):
        kept = ("--schedule=keep",) if workdir.endswith("stopped") and not flags else ()
        assert play("train", *more, *flags, f"--workdir={workdir}", *kept) == 0
        last = (run / workdir / "metrics.jsonl").read_text().splitlines()[-1]
        digests.append(json.loads(last)["state_digest"])
    assert digests[0] == digests[2] != digests[1]

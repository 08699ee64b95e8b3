"""A generator of one's own by the command, from its file; and one imported from another project's weights."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gan_jax
from gan_jax.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "own_generator.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PLAIN = (
    "import numpy as np\ndef generate(z):\n    return np.tanh(z.sum(1)).reshape(-1, 1, 1, 1) * np.ones((1, 4, 4, 1))\n"
)
MADE = "import gan_jax\n{} = gan_jax.own_generator(generate, latents=3, pixel_range=(-1, 1))\n"


@pytest.fixture
def file(tmp_path):
    """file(text) -> the path of a file of it."""

    def write(text, name="my_file.py"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def play(verb, *flags):
    with pytest.raises(SystemExit) as ended:
        main(["gan_jax", verb, "--compilation_cache=none", *flags])
    return ended.value.code


@pytest.mark.parametrize("number", [i for i, block in enumerate(BLOCKS) if "torch" not in block])
def test_the_pages_generators_draw(file, number):
    model = gan_jax.load(f"{file(BLOCKS[number])}:generator")
    images = model.sample(3, seed=1)
    assert images.shape[:3] == (3, 16, 16) and np.ptp(images) > 0.1
    assert "my_file.py:generator" in repr(model)


@pytest.mark.parity
def test_the_pages_generator_of_pytorch_draws(file):
    pytest.importorskip("torch")
    (block,) = (block for block in BLOCKS if "torch" in block)
    model = gan_jax.load(f"{file(block)}:generator")
    network = model.sampler.synthesis.function.__globals__["network"]
    import torch

    z = np.array(model.sampler.starts(__import__("jax").random.key(1), np.arange(3, dtype=np.uint32))["z"])
    with torch.no_grad():
        expected = network(torch.from_numpy(z)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(model.sample(3, seed=1), expected, atol=1e-6)


@pytest.mark.parametrize("tool, tiles", [("interpolation", (1, 3)), ("truncation", (1, 5))])
def test_tools_take_the_pages_ten_lines(file, tmp_path, tool, tiles):
    out = tmp_path / "out.png"
    flags = ("--columns=3",) if tool == "interpolation" else ()
    assert (
        play("analyse", f"--tool={tool}", f"--model={file(BLOCKS[0])}:generator", f"--out={out}", "--num=1", *flags)
        == 0
    )
    with Image.open(out) as picture:
        assert picture.size == tuple(66 * n + 2 for n in reversed(tiles))


def test_a_file_with_one_sampler_needs_no_name(file):
    assert gan_jax.load(file(PLAIN + MADE.format("mine"))).name == "my_file.py:mine"


def test_a_file_imports_its_neighbours(file):
    file("FACTOR = 0.5\n", "beside_it.py")
    text = "import beside_it\n" + PLAIN.replace("np.tanh", "beside_it.FACTOR * np.tanh") + MADE.format("mine")
    assert np.abs(gan_jax.load(file(text)).sample(8)).max() <= 0.5


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (
            PLAIN,
            ":generate",
            "generate of .*my_file.py is a plain function and no sampler: end the file with a line such as",
        ),
        (PLAIN, "", "say which sampler in it.*it has none; end the file"),
        (PLAIN + MADE.format("a") + MADE.format("b"), "", "say which sampler in it.*it has a, b"),
        (PLAIN + MADE.format("mine"), ":mien", r"has no 'mien' \(did you mean 'mine'\?\); its samplers: mine"),
        (PLAIN + MADE.format("mine"), ":np", "np of .* is a module and no sampler"),
        ("a = 1\nb = a / 0\n", ":a", "my_file.py, line 2: ZeroDivisionError"),
        ("a = (", ":a", "my_file.py, line 1: SyntaxError"),
    ],
)
def test_what_is_refused(file, capsys, text, name, message):
    path = file(text)
    with pytest.raises(ValueError, match=message):
        gan_jax.load(f"{path}{name}")
    assert play("analyse", "--tool=interpolation", f"--model={path}{name}", f"--out={path.parent}/out.png") == 1
    assert re.search(message, capsys.readouterr().err)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*none.py"):
        gan_jax.load(tmp_path / "none.py:generate")

"""The script of docs/exports.md uses an export where gan_jax cannot be imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_jax.verbs.export import export

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exports.md"
SCRIPT = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[0]
# An import of gan_jax, from wherever it is installed, raises ImportError.
WITHOUT = "import sys\nsys.modules['gan_jax'] = None\n"
SAVED = "np.save('images.npy', images)\n"


@pytest.mark.parametrize(("model", "shape"), [("ssgan_digits", (16, 16, 16, 1)), ("stylegan2_faces", (16, 32, 32, 1))])
def test_the_script_draws_without_gan_jax(model, shape, tmp_path):
    assert "gan_jax" not in SCRIPT and len(SCRIPT.split("\n\n")[1].splitlines()) + 4 <= 10
    export(None, tmp_path / "my_model", model=model, formats=("stablehlo",))
    path = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    told = "try:\n    import gan_jax\n    raise SystemExit('it was imported')\nexcept ImportError:\n    pass\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + told + SCRIPT + SAVED],
        **{"env": path, "cwd": tmp_path, "capture_output": True, "text": True, "timeout": 300, "check": False},
    )
    assert done.returncode == 0, done.stderr
    images = np.load(tmp_path / "images.npy")
    assert images.shape == shape and images.dtype == np.float32
    assert np.abs(images).max() <= 1 and images.std(0).mean() > 0.05

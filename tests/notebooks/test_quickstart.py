"""The notebook runs from top to bottom, at a few steps."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]


def test_the_quickstart_runs_and_shows_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_STEPS", "8")
    monkeypatch.setenv("GAN_JAX_WORKDIR", str(tmp_path / "run"))
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")  # 8 rounds take less time than they compile
    for strict in ("JAX_NUMPY_RANK_PROMOTION", "JAX_DEBUG_KEY_REUSE"):
        monkeypatch.delenv(strict, raising=False)
    notebook = nbformat.read(ROOT / "notebooks" / "quickstart.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)  # committed without outputs
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    text = "".join(output.get("text", "") for output in outputs)
    assert len(pictures) >= 8
    assert "resumed at step 6" in text
    assert "state digest:" in text

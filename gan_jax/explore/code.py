"""The Python program that draws a scene again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_jax.analysis.scenes import Scene

OUT = "picture.png"


def code_of(scene: Scene, loading: str, directions: Sequence[Path]) -> str:
    """A program that writes the scene's image to picture.png. loading: lines that make `sampler`; directions: their files."""
    names = ["Scene", "Studio", *(["Units"] if scene.layers else [])]
    read = "from gan_jax.analysis.directions import read\n" if directions else ""
    files = ", ".join(f"read({str(path)!r})" for path in directions)
    found = f", [{files}]" if directions else ""
    return (
        "import gan_jax\n"
        f"{read}"
        f"from gan_jax.analysis.scenes import {', '.join(names)}\n\n"
        f"{loading}\n"
        f"studio = Studio(sampler{found})\n"
        f"scene = {scene.as_code()}\n"
        f'studio.save("{OUT}", scene)  # studio.image(scene): float32 [H, W, C] in [-1, 1]\n'
    )

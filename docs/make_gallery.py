"""Makes docs/gallery.md and its pictures from the models that ship with the package: a walk through each, and what its card says.

    JAX_PLATFORMS=cpu python docs/make_gallery.py

Seeds are fixed: the same machine makes the same pictures again. It takes about a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np

import gan_jax
from gan_jax.analysis.walks import on_the_way, places
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.writers.images import image_grid
from gan_jax.runtime.writers.video import save_video
from gan_jax.zoo.model import Model, names

DOCS = Path(__file__).resolve().parent
PANELS, STOPS, FRAMES, FPS = 8, 3, 8, 10
STEP = 17  # grey levels are rounded to every 17th: these files are a third of the size
FIRST_SCREEN = ("progan_faces", "stylegan2_faces", "ssgan_digits")  # the README's rows
SHOWN = ("fd_faces", "fd_digits", "prdc_faces/precision", "prdc_faces/recall", "swd", "ms_ssim")


def walk(model: Model, panels: int = PANELS) -> Iterator[np.ndarray]:
    """Frames, uint8 [h, w, C], of as many walks side by side."""
    key, walks = sample_key(0), []
    for panel in range(panels):
        indices = jnp.arange(panel * STOPS, (panel + 1) * STOPS, dtype=jnp.uint32)
        walks.append(on_the_way(model.sampler, *places(model.sampler, key, indices), FRAMES))
    for images in zip(*walks, strict=True):
        yield np.round(image_grid(np.stack(images), columns=panels) / STEP).astype(np.uint8) * STEP


def entry(name: str, model: Model) -> str:
    """The model's part of the page."""
    card = model.card
    training, scores = card["training"], {each["name"]: each["value"] for each in card["scores"]}
    told = [f"{shown} {scores[shown]:.3g}" for shown in SHOWN if shown in scores]
    method = card["config"]["method"]["type"]
    seconds = training.get("seconds")
    minutes = f", {seconds / 60:.0f} minutes" if seconds else ""
    return "\n".join(
        [
            f"## {name}",
            "",
            f"![A walk between samples of {name}](images/gallery/{name}.gif)",
            "",
            f"    gan_jax video --model={name} --out=walk.gif",
            f"    gan_jax train --config={name} --config.steps={training['rounds']} --workdir=runs/{name}   # made it",
            "",
            f"- Method `{method}`, {training['rounds']:,} rounds, {training['kimg']:,.0f} kimg, seed {training['seed']}; "
            f"{training['hardware']}{minutes}.",
            f"- Data: `{card['data']['source']}`; {card['data']['licence']}.",
            f"- Scores: {', '.join(told) or 'none'}.",
            "",
        ]
    )


def main() -> None:
    folder = DOCS / "images" / "gallery"
    folder.mkdir(exist_ok=True)
    models = {name: gan_jax.load(name) for name in names()}
    page = [
        "# Gallery",
        "",
        "The models that ship with the package, each drawn from by one line, `gan_jax.load(NAME).sample(16)`. All were "
        "trained on a CPU, in minutes. `docs/make_gallery.py` makes this page from their cards.",
        "",
    ]
    for name, model in models.items():
        save_video(folder / f"{name}.gif", walk(model), FPS)
        page.append(entry(name, model))
    (DOCS / "gallery.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")
    rows = zip(*(walk(models[name]) for name in FIRST_SCREEN), strict=True)
    save_video(DOCS / "images" / "walks.gif", (np.concatenate(same_width(frames)) for frames in rows), FPS)


def same_width(frames: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """uint8 [h, w, C] with white at the right of narrower ones; one channel becomes three where others have three."""
    width, channels = max(each.shape[1] for each in frames), max(each.shape[2] for each in frames)
    frames = tuple(np.repeat(each, channels // each.shape[2], 2) for each in frames)
    return [np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), constant_values=255) for each in frames]


if __name__ == "__main__":
    main()

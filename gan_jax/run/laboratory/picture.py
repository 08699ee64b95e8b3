"""A game at its end as a figure: its points, their density, and D's field, with axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_jax.run.laboratory.bench import EDGE, Frame
from gan_jax.run.laboratory.frames import density
from gan_jax.runtime.writers.images import canvas, save_figure


def draw(path: Path, frame: Frame, real: np.ndarray, title: str) -> None:
    """Writes the PNG of a frame. real: points [N, D]."""
    figure, axes = canvas(2 if frame.logits is None else 3, 4.6, 4.2)
    figure.suptitle(title)
    (_draw_line if real.shape[1] == 1 else _draw_plane)(figure, axes, frame, real)
    for panel in axes:
        panel.set(xlim=(-EDGE, EDGE))
    save_figure(path, figure)


def _draw_plane(figure, axes, frame: Frame, real: np.ndarray) -> None:
    window = (-EDGE, EDGE, -EDGE, EDGE)
    axes[0].scatter(*real[:2000].T, s=3, color="0.65", linewidths=0, label="real")
    axes[0].scatter(*frame.points.T, s=3, color="tab:red", linewidths=0, label="generated")
    axes[0].legend(loc="upper right", markerscale=3)
    axes[1].imshow(np.sqrt(density(frame.points, 128)), origin="lower", extent=window, cmap="magma")
    for panel, name in zip(axes, ("points", "density (its root)", "D's logits"), strict=False):
        panel.set(title=name, ylim=(-EDGE, EDGE), aspect="equal")
    if frame.logits is not None:
        middle = np.median(frame.logits)
        most = max(np.quantile(np.abs(frame.logits - middle), 0.98), 1e-9)
        limits = {"vmin": middle - most, "vmax": middle + most}
        shown = axes[2].imshow(frame.logits, origin="lower", extent=window, cmap="coolwarm", **limits)
        axes[2].scatter(*frame.points[:300].T, s=2, color="black", linewidths=0)
        figure.colorbar(shown, ax=axes[2], shrink=0.8)


def _draw_line(figure, axes, frame: Frame, real: np.ndarray) -> None:
    del figure
    clouds = ((real[:, 0], "0.65", "real"), (frame.points[:, 0], "tab:red", "generated"))
    for cloud, colour, label in clouds:
        cloud = cloud[np.isfinite(cloud)]
        if not len(cloud):
            continue
        axes[0].hist(cloud, 200, range=(-EDGE, EDGE), density=True, color=colour, alpha=0.7, label=label)
        at = np.linspace(-EDGE, EDGE, 256)
        axes[1].plot(at, density(cloud[:, None], 256) / len(cloud) * 256 / (2 * EDGE), color=colour)
    axes[0].set(title="points")
    axes[0].legend(loc="upper right")
    axes[1].set(title="density")
    if frame.logits is not None:
        axes[2].plot(np.linspace(-EDGE, EDGE, len(frame.logits)), frame.logits)
        axes[2].set(title="D's logits")
        axes[2].grid(alpha=0.3)

"""What a sampler can do: which knobs there are to turn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.game import Sampler
from gan_jax.methods.samplers import with_noise
from gan_jax.methods.truncation import with_latent_truncation
from gan_jax.types import Batch


@dataclasses.dataclass(frozen=True)
class Abilities:
    """shape: [H, W, C] of an image. truncation: by "psi" of codes w, by a "threshold" of latents, or None. styles: layers of
    codes w, 0 without. layers: by name (h, w, F), the activations that have places. blends: whether there is a way between two.
    """

    shape: tuple[int, ...]
    truncation: str | None
    classes: int
    noise: bool
    styles: int
    blends: bool
    layers: Mapping[str, tuple[int, int, int]]


def abilities_of(sampler: Sampler) -> Abilities:
    """Found by tracing: nothing is drawn. Raises ValueError, which says what to take instead, for what makes no images of
    chance."""
    require_chance(sampler)
    codes = jax.eval_shape(lambda: sampler.map(sampler.starts(jax.random.key(0), jnp.zeros(1, jnp.uint32))))
    shape = jax.eval_shape(lambda codes: sampler.synthesize(codes)[0], codes).shape[1:]
    if len(shape) != 3:
        kind, instead = ("points", "out=points.png plots") if len(shape) == 1 else ("voxels", "out=shapes.html turns")
        raise ValueError(
            f"this generator makes {kind} of shape {list(shape)}, not images: gan_jax sample --{instead} them"
        )
    return Abilities(
        shape=shape,
        truncation=_truncation(sampler),
        classes=sampler.num_classes,
        noise="noise" in codes and _works(lambda: with_noise(sampler, "none")),
        styles=codes["w"].shape[1] if "w" in codes else 0,
        blends="w" in codes or "z" in codes,
        layers=_layers(sampler, codes),
    )


def require_chance(sampler: Sampler) -> None:
    """Raises ValueError, which says what to take instead, for a generator that starts from images."""
    if sampler.given:
        verb = "stylize" if "style" in sampler.given else "translate"
        raise ValueError(
            f"this generator starts from {' and '.join(sampler.given)} of the data, not from chance, and has no latents to "
            f"look into: gan_jax {verb} draws from images of your own"
        )


def _truncation(sampler: Sampler) -> str | None:
    if getattr(sampler, "maps", False):
        return "psi"
    return "threshold" if _works(lambda: with_latent_truncation(sampler, 1.0)) else None


def _works(wrap: Callable[[], Any]) -> bool:
    try:
        wrap()
    except ValueError:
        return False
    return True


def _layers(sampler: Sampler, codes: Batch) -> dict[str, tuple[int, int, int]]:
    names = getattr(sampler, "_tap_names", None)
    known = {name: x.shape[1:] for name, x in names(codes).items()} if names else {}
    return {name: shape for name, shape in known.items() if len(shape) == 3}

"""Random transforms (key, images) -> images, each image with its own draw, and the groups that papers make of them.

"color", "translation", "cutout": DiffAugment (Zhao et al., arXiv:2006.10738). "ada_blit", "ada_geometric", "ada_color":
the three groups that ADA uses for images (Karras et al., arXiv:2006.06676, Appendix B; their pipeline "bgc"). "ada_upright": the
second without its turns, in which most of the time goes.
Where this departs from ADA: its geometric transforms are applied one after the other with linear interpolation, not
composed into one and filtered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.augment import color, motion
from gan_jax.types import named_key


def _uniform(key, images, low, high):
    return jax.random.uniform(key, images.shape[:1], minval=low, maxval=high)


def _normal(key, images, stddev):
    return stddev * jax.random.normal(key, images.shape[:1])


def _integers(key, images, low, high):
    """From low to high, both included."""
    return jax.random.randint(key, images.shape[:1], low, high + 1)


# --- DiffAugment. Its numbers are for images in [-1, 1].


def brightness(key: jax.Array, images: jax.Array) -> jax.Array:
    """x + U(-0.5, 0.5)."""
    return color.brighten(images, _uniform(key, images, -0.5, 0.5))


def saturation(key: jax.Array, images: jax.Array) -> jax.Array:
    """Distance of every pixel from its grey, times U(0, 2)."""
    return color.saturate(images, _uniform(key, images, 0.0, 2.0))


def contrast(key: jax.Array, images: jax.Array) -> jax.Array:
    """Distance of every value from its image's mean, times U(0.5, 1.5)."""
    return color.contrast_about_mean(images, _uniform(key, images, 0.5, 1.5))


def translation(key: jax.Array, images: jax.Array) -> jax.Array:
    """Moved by up to an eighth of each side, in whole pixels; zeros move in."""
    return _moved(key, images, _eighth(images), "constant")


def cutout(key: jax.Array, images: jax.Array) -> jax.Array:
    """Zeros in a box of half the sides, with its centre anywhere in the image."""
    sides = tuple(int(0.5 * n + 0.5) for n in images.shape[1:3])
    keys = jax.random.split(key)
    corners = [
        _integers(k, images, 0, n - side % 2) - side // 2
        for k, n, side in zip(keys, images.shape[1:3], sides, strict=True)
    ]
    return motion.cut_out(images, *corners, sides)


# --- Consistency regularisation's.


def flip(key: jax.Array, images: jax.Array) -> jax.Array:
    """Left to right, one image in two."""
    return motion.mirror(images, jax.random.bernoulli(key, 0.5, images.shape[:1]))


def reflected_shift(key: jax.Array, images: jax.Array, reach: int | None = None) -> jax.Array:
    """Moved by up to `reach` whole pixels (None: an eighth of each side), mirrored at the edges."""
    return _moved(key, images, _eighth(images) if reach is None else (reach, reach), "reflect")


def _eighth(images):
    return tuple(int(n / 8 + 0.5) for n in images.shape[1:3])


def _moved(key, images, reach, mode):
    down, right = (_integers(k, images, -r, r) for k, r in zip(jax.random.split(key), reach, strict=True))
    return motion.shift(images, down, right, mode)


# --- ADA


def right_angles(key: jax.Array, images: jax.Array) -> jax.Array:
    """Turned by 0 to 3 right angles; images that are not square by 0 or 2."""
    turns = _integers(key, images, 0, 3)
    if images.shape[1] != images.shape[2]:
        return jnp.where(color.each(turns % 2, images) > 0, images[:, ::-1, ::-1], images)
    return motion.quarter_turns(images, turns)


def scale(key: jax.Array, images: jax.Array) -> jax.Array:
    """Larger by 2 ** N(0, 0.2^2)."""
    factor, still = 2.0 ** _normal(key, images, 0.2), jnp.zeros(images.shape[0])
    return motion.stretch(images, (factor, factor), (still, still))


def anisotropy(key: jax.Array, images: jax.Array) -> jax.Array:
    """Wider by 2 ** N(0, 0.2^2), and lower by as much."""
    factor, still = 2.0 ** _normal(key, images, 0.2), jnp.zeros(images.shape[0])
    return motion.stretch(images, (1.0 / factor, factor), (still, still))


def turn(key: jax.Array, images: jax.Array) -> jax.Array:
    """Turned by any angle."""
    return motion.rotate(images, _uniform(key, images, -math.pi, math.pi))


def slide(key: jax.Array, images: jax.Array) -> jax.Array:
    """Moved by N(0, 0.125^2) of each side."""
    moves = tuple(n * _normal(k, images, 0.125) for k, n in zip(jax.random.split(key), images.shape[1:3], strict=True))
    one = jnp.ones(images.shape[0])
    return motion.stretch(images, (one, one), moves)


def light(key: jax.Array, images: jax.Array) -> jax.Array:
    """x + N(0, 0.2^2)."""
    return color.brighten(images, _normal(key, images, 0.2))


def gain(key: jax.Array, images: jax.Array) -> jax.Array:
    """x times 2 ** N(0, 0.5^2)."""
    return color.contrast_about_zero(images, 2.0 ** _normal(key, images, 0.5))


def luma_flip(key: jax.Array, images: jax.Array) -> jax.Array:
    """Light becomes dark, one image in two."""
    chosen = jax.random.bernoulli(key, 0.5, images.shape[:1])
    return jnp.where(color.each(chosen, images) > 0, color.flip_luma(images), images)


def hue(key: jax.Array, images: jax.Array) -> jax.Array:
    """Colours turned about the grey axis by any angle."""
    return color.turn_hue(images, _uniform(key, images, -math.pi, math.pi))


def vividness(key: jax.Array, images: jax.Array) -> jax.Array:
    """Distance of every pixel from its grey, times 2 ** N(0, 1)."""
    return color.saturate(images, 2.0 ** _normal(key, images, 1.0))


# --- groups

POLICIES = {
    "color": (brightness, saturation, contrast),
    "translation": (translation,),
    "cutout": (cutout,),
    "ada_blit": (flip, right_angles, reflected_shift),
    "ada_geometric": (scale, turn, anisotropy, turn, slide),
    "ada_upright": (scale, anisotropy, slide),
    "ada_color": (light, gain, luma_flip, hue, vividness),
}


Policy = Sequence[str] | Mapping[str, float]  # groups, or the share of p that each group has


def check_policy(policy: Policy) -> None:
    """Raises ValueError for a group that does not exist, and for a share that is not from 0 to 1."""
    if isinstance(policy, str) or not policy or any(group not in POLICIES for group in policy):
        raise ValueError(f"an augmentation policy is a tuple of one or more of {', '.join(POLICIES)}; got {policy!r}")
    for group, share in _shares(policy).items():
        ranges.within(f"policy[{group!r}]", share, 0, 1)


def _shares(policy: Policy) -> Mapping[str, float]:
    return policy if isinstance(policy, Mapping) else dict.fromkeys(policy, 1.0)


def augment(key: jax.Array, images: jax.Array, policy: Policy, p: float | jax.Array = 1.0) -> jax.Array:
    """Images [B, H, W, C] in [-1, 1], each through every transform of the groups in turn, with probability p for each, or
    with the group's share of p.

    p: from 0 (the images come back bit for bit) to 1; it may be traced. Raises ValueError for an unknown group, or for
    what is no image.
    """
    check_policy(policy)
    if images.ndim != 4:
        raise ValueError(f"augmentation is for images [B, H, W, C], got {images.shape}")
    for group, share in _shares(policy).items():
        of_group = named_key(key, group)
        for i, transform in enumerate(POLICIES[group]):
            draw, gate = jax.random.split(jax.random.fold_in(of_group, i))
            # ADA turns twice, each time with such a chance that the chance of either is p.
            chance = 1.0 - jnp.sqrt(1.0 - jnp.asarray(p * share)) if transform is turn else p * share
            chosen = jax.random.uniform(gate, (images.shape[0], 1, 1, 1)) < chance
            images = jnp.where(chosen, transform(draw, images), images)
    return images

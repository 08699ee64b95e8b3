"""Changes of colour: images [B, H, W, C] in [-1, 1], any number of channels, and one strength [B] for each image."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def each(strength: jax.Array, images: jax.Array) -> jax.Array:
    """One number for each image, laid against its pixels: [B] -> [B, 1, 1, 1]."""
    return strength.astype(images.dtype).reshape(-1, 1, 1, 1)


def brighten(images: jax.Array, shift: jax.Array) -> jax.Array:
    """x + shift."""
    return images + each(shift, images)


def saturate(images: jax.Array, factor: jax.Array) -> jax.Array:
    """Every pixel's distance from its own grey (the mean of its channels), times factor. Grey images stay as they are."""
    if images.shape[-1] == 1:
        return images
    grey = jnp.mean(images, axis=-1, keepdims=True)
    return grey + each(factor, images) * (images - grey)


def contrast_about_mean(images: jax.Array, factor: jax.Array) -> jax.Array:
    """Every value's distance from the mean of its whole image, times factor: DiffAugment's contrast."""
    mean = jnp.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + each(factor, images) * (images - mean)


def contrast_about_zero(images: jax.Array, factor: jax.Array) -> jax.Array:
    """factor * x: ADA's contrast."""
    return each(factor, images) * images


def flip_luma(images: jax.Array) -> jax.Array:
    """x - 2 grey: light becomes dark, and the hue stays. A reflection at the plane of colours that have no light."""
    return images - 2.0 * jnp.mean(images, axis=-1, keepdims=True)


def turn_hue(images: jax.Array, angle: jax.Array) -> jax.Array:
    """Colours turned by an angle (radians) about the grey axis. Three channels; others have no hue and stay."""
    if images.shape[-1] != 3:
        return images
    # Rodrigues' formula about v = (1, 1, 1) / sqrt(3): x cos + (v x x) sin + v <v, x> (1 - cos).
    grey = jnp.mean(images, axis=-1, keepdims=True)
    across = (jnp.roll(images, 1, axis=-1) - jnp.roll(images, -1, axis=-1)) / math.sqrt(3.0)
    cos, sin = each(jnp.cos(angle), images), each(jnp.sin(angle), images)
    return images * cos + across * sin + grey * (1.0 - cos)

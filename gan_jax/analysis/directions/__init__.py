"""Directions in a generator's latent space: found, named, kept in a file, and taken while drawing."""

from gan_jax.analysis.directions.direction import SPACES, Direction, find, generator_hash, read, save
from gan_jax.analysis.directions.moving import Moved, check_direction, whole_vector, with_directions

__all__ = [
    "SPACES",
    "Direction",
    "Moved",
    "check_direction",
    "find",
    "generator_hash",
    "read",
    "save",
    "whole_vector",
    "with_directions",
]

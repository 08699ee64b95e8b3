"""Generative adversarial networks in JAX: pure functions that compose."""

__version__ = "0.1.0"

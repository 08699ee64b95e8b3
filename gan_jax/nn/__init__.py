"""Layers: the equation as a pure function, then a thin Flax module that owns the variables."""
